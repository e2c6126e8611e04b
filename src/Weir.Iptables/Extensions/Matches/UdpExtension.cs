using System.Text;
using Weir.Iptables.Editing;
using Weir.Iptables.Parsing;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m udp.</summary>
internal sealed class UdpExtension : Extension<UdpMatch>
{
    private const int SourcePort = 0, DestinationPort = 1;

    public override string Name => "udp";

    public override string Help =>
        """
        udp match options:
        [!] --source-port port[:port]
         --sport ...
        				match source port(s)
        [!] --destination-port port[:port]
         --dport ...
        				match destination port(s)

        """;

    public override ExtensionOption[] Options { get; } =
    [
        new("source-port", SourcePort, OptionType.PortRange) { Invertible = true },
        new("sport", SourcePort, OptionType.PortRange) { Invertible = true },
        new("destination-port", DestinationPort, OptionType.PortRange) { Invertible = true },
        new("dport", DestinationPort, OptionType.PortRange) { Invertible = true },
    ];

    protected override UdpMatch Initial(RuleDraft rule) => new();

    protected override UdpMatch Parse(UdpMatch record, OptionCall call) => call.Option.Id == SourcePort
        ? record with { SourcePorts = call.Ports, InvertSourcePorts = call.Invert }
        : record with { DestinationPorts = call.Ports, InvertDestinationPorts = call.Invert };

    protected override void List(UdpMatch record, ListContext context)
    {
        context.Output.Append(" udp");
        Ports.List("spt", record.SourcePorts, record.InvertSourcePorts, "udp", context);
        Ports.List("dpt", record.DestinationPorts, record.InvertDestinationPorts, "udp", context);
    }

    protected override void Save(UdpMatch record, StringBuilder output)
    {
        Ports.Save("--sport", record.SourcePorts, record.InvertSourcePorts, output);
        Ports.Save("--dport", record.DestinationPorts, record.InvertDestinationPorts, output);
    }

    protected override Errno Check(UdpMatch record, KernelContext context)
        => context.HasProtocol(Protocols.Udp) ? Errno.None : Errno.Invalid;

    protected override void Encode(UdpMatch record, FieldWriter fields)
        => fields.Ports(record.SourcePorts).Ports(record.DestinationPorts).Flag(record.InvertSourcePorts)
            .Flag(record.InvertDestinationPorts);

    protected override UdpMatch DecodeRecord(ref FieldReader fields) => new()
    {
        SourcePorts = fields.Ports(),
        DestinationPorts = fields.Ports(),
        InvertSourcePorts = fields.Flag(),
        InvertDestinationPorts = fields.Flag(),
    };
}

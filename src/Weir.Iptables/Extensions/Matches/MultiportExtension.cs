using System.Text;
using Weir.Iptables.Editing;
using Weir.Iptables.Parsing;
using Weir.Model;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m multiport.</summary>
internal sealed class MultiportExtension : Extension<MultiportMatch>
{
    private const int SourcePorts = 0, DestinationPorts = 1, EitherPorts = 2;
    private const uint All = 7;

    public override string Name => "multiport";

    public override string Help =>
        """
        multiport match options:
        [!] --source-ports port[,port:port,port...]
         --sports ...
        				match source port(s)
        [!] --destination-ports port[,port:port,port...]
         --dports ...
        				match destination port(s)
        [!] --ports port[,port:port,port]
        				match both source and destination port(s)

        """;

    public override ExtensionOption[] Options { get; } =
    [
        new("source-ports", SourcePorts, OptionType.Text) { Invertible = true, Excludes = All & ~(1u << SourcePorts) },
        new("sports", SourcePorts, OptionType.Text) { Invertible = true, Excludes = All & ~(1u << SourcePorts) },
        new("destination-ports", DestinationPorts, OptionType.Text) { Invertible = true, Excludes = All & ~(1u << DestinationPorts) },
        new("dports", DestinationPorts, OptionType.Text) { Invertible = true, Excludes = All & ~(1u << DestinationPorts) },
        new("ports", EitherPorts, OptionType.Text) { Invertible = true, Excludes = All & ~(1u << EitherPorts) },
    ];

    protected override MultiportMatch Initial(RuleDraft rule) => new(MultiportSide.Source, [], false);

    protected override MultiportMatch Parse(MultiportMatch record, OptionCall call)
    {
        var protocol = ProtocolName(call.Rule.Protocol);
        if (call.Rule.InvertProtocol || (protocol is null && call.Rule.Protocol != 0))
            throw CommandException.Parameter("multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP");
        if (protocol is null)
            throw CommandException.Parameter("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
        var ports = new List<PortRange>();
        var count = 0;
        foreach (var part in call.Argument.Split(','))
        {
            if (count == MultiportMatch.MaxPorts) throw CommandException.Parameter("too many ports specified");
            var colon = part.IndexOf(':');
            if (colon < 0)
            {
                var port = PortNumber.Parse(part, protocol, call.Names);
                ports.Add(new PortRange(port, port));
                count++;
                continue;
            }
            if (count == MultiportMatch.MaxPorts - 1) throw CommandException.Parameter("too many ports specified");
            var low = PortNumber.Parse(part[..colon], protocol, call.Names);
            var high = PortNumber.Parse(part[(colon + 1)..], protocol, call.Names);
            if (low >= high) throw CommandException.Parameter("invalid portrange specified");
            ports.Add(new PortRange(low, high));
            count += 2;
        }
        return new MultiportMatch((MultiportSide)call.Option.Id, [.. ports], record.Invert | call.Invert);
    }

    protected override MultiportMatch Finish(MultiportMatch record, uint used)
        => used != 0 ? record : throw CommandException.Parameter("multiport expection an option");

    private static string? ProtocolName(byte protocol) => protocol switch
    {
        Protocols.Tcp => "tcp",
        Protocols.Udp => "udp",
        Protocols.UdpLite => "udplite",
        Protocols.Sctp => "sctp",
        Protocols.Dccp => "dccp",
        _ => null,
    };

    protected override void List(MultiportMatch record, ListContext context)
    {
        var output = context.Output.Append(" multiport ").Append(Side(record)).Append(' ').Append(record.Invert ? " !" : "");
        var protocol = ProtocolName(context.Rule.Protocol);
        var separator = "";
        foreach (var range in record.Ports)
        {
            output.Append(separator).Append(Ports.Name(range.Min, protocol, context));
            if (range.Min != range.Max) output.Append(':').Append(Ports.Name(range.Max, protocol, context));
            separator = ",";
        }
    }

    protected override void Save(MultiportMatch record, StringBuilder output)
    {
        output.Append(record.Invert ? " ! --" : " --").Append(Side(record)).Append(' ');
        var separator = "";
        foreach (var range in record.Ports)
        {
            output.Append(separator).Append(range.Min);
            if (range.Min != range.Max) output.Append(':').Append(range.Max);
            separator = ",";
        }
    }

    private static string Side(MultiportMatch record) => record.Side switch
    {
        MultiportSide.Source => "sports",
        MultiportSide.Destination => "dports",
        _ => "ports",
    };

    protected override Errno Check(MultiportMatch record, KernelContext context)
        => !context.Rule.InvertProtocol && ProtocolName(context.Rule.Protocol) is not null ? Errno.None : Errno.Invalid;

    protected override void Encode(MultiportMatch record, FieldWriter fields)
    {
        fields.Number((ulong)record.Side).Flag(record.Invert).Number((ulong)record.Ports.Count);
        foreach (var range in record.Ports) fields.Ports(range);
    }

    protected override MultiportMatch DecodeRecord(ref FieldReader fields)
    {
        var side = (MultiportSide)fields.Number8();
        var invert = fields.Flag();
        var ports = new PortRange[Math.Min(fields.Number8(), (byte)MultiportMatch.MaxPorts)];
        for (var i = 0; i < ports.Length; i++) ports[i] = fields.Ports();
        return new MultiportMatch(side, [.. ports], invert);
    }
}

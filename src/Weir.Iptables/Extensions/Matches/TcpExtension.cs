using System.Text;
using Weir.Iptables.Editing;
using Weir.Iptables.Parsing;
using Weir.Model;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m tcp.</summary>
internal sealed class TcpExtension : Extension<TcpMatch>
{
    private const int SourcePort = 0, DestinationPort = 1, Syn = 2, Flags = 3, TcpOption = 4;
    private const uint FlagsBit = 1u << Flags;

    private static readonly (string Name, byte Flag)[] FlagNames =
        [("FIN", 1), ("SYN", 2), ("RST", 4), ("PSH", 8), ("ACK", 16), ("URG", 32), ("ALL", 0x3f), ("NONE", 0)];

    public override string Name => "tcp";

    public override string Help =>
        """
        tcp match options:
        [!] --tcp-flags mask comp	match when TCP flags & mask == comp
        				(Flags: SYN ACK FIN RST URG PSH ALL NONE)
        [!] --syn			match when only SYN flag set
        				(equivalent to --tcp-flags SYN,RST,ACK,FIN SYN)
        [!] --source-port port[:port]
         --sport ...
        				match source port(s)
        [!] --destination-port port[:port]
         --dport ...
        				match destination port(s)
        [!] --tcp-option number        match if TCP option set

        """;

    public override ExtensionOption[] Options { get; } =
    [
        new("source-port", SourcePort, OptionType.Raw), new("sport", SourcePort, OptionType.Raw),
        new("destination-port", DestinationPort, OptionType.Raw), new("dport", DestinationPort, OptionType.Raw),
        new("syn", Syn, OptionType.None) { Invertible = true },
        new("tcp-flags", Flags, OptionType.Raw), new("tcp-option", TcpOption, OptionType.Raw),
    ];

    protected override TcpMatch Initial(RuleDraft rule) => new();

    protected override TcpMatch Parse(TcpMatch record, OptionCall call)
    {
        var again = (call.Used & 1u << call.Option.Id) != 0;
        switch (call.Option.Id)
        {
            case SourcePort:
                if (again) throw CommandException.Parameter("Only one `--source-port' allowed");
                return record with { SourcePorts = ParsePorts(call), InvertSourcePorts = call.Invert };
            case DestinationPort:
                if (again) throw CommandException.Parameter("Only one `--destination-port' allowed");
                return record with { DestinationPorts = ParsePorts(call), InvertDestinationPorts = call.Invert };
            case Syn:
                OnlyOneOfFlags(call);
                return record with { FlagMask = 0x17, FlagValue = 2, InvertFlags = call.Invert };
            case Flags:
                OnlyOneOfFlags(call);
                if (!call.Getopt.HasArgument) throw CommandException.Parameter("--tcp-flags requires two args.");
                var mask = ParseFlags(call.Argument);
                return record with
                {
                    FlagMask = mask,
                    FlagValue = ParseFlags(call.Getopt.Arguments[call.Getopt.Index++]),
                    InvertFlags = call.Invert
                };
            default:
                if (again) throw CommandException.Parameter("Only one `--tcp-option' allowed");
                if (!CNumber.TryParse(call.Argument, 1u, 255u, out uint kind))
                    throw CommandException.Parameter($"Bad TCP option \"{call.Argument}\"");
                return record with { Option = (byte)kind, InvertOption = call.Invert };
        }
    }

    private static void OnlyOneOfFlags(OptionCall call)
    {
        if ((call.Used & (FlagsBit | 1u << Syn)) != 0) throw CommandException.Parameter("Only one of `--syn' or `--tcp-flags'  allowed");
    }

    private static PortRange ParsePorts(OptionCall call)
    {
        var text = call.Argument;
        var colon = text.IndexOf(':');
        if (colon < 0) return Single(PortNumber.Parse(text, "tcp", call.Names));
        var low = colon == 0 ? (ushort)0 : PortNumber.Parse(text[..colon], "tcp", call.Names);
        var high = colon == text.Length - 1 ? ushort.MaxValue : PortNumber.Parse(text[(colon + 1)..], "tcp", call.Names);
        return low <= high ? new(low, high) : throw CommandException.Parameter("invalid portrange (min > max)");

        static PortRange Single(ushort port) => new(port, port);
    }

    private static byte ParseFlags(string text)
    {
        byte flags = 0;
        foreach (var name in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = Array.FindIndex(FlagNames, known => known.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (at < 0) throw CommandException.Parameter($"Unknown TCP flag `{name}'");
            flags |= FlagNames[at].Flag;
        }
        return flags;
    }

    protected override void List(TcpMatch record, ListContext context)
    {
        var output = context.Output;
        output.Append(" tcp");
        Ports.List("spt", record.SourcePorts, record.InvertSourcePorts, "tcp", context);
        Ports.List("dpt", record.DestinationPorts, record.InvertDestinationPorts, "tcp", context);
        if (record.Option != 0 || record.InvertOption)
            output.Append(" option=").Append(record.InvertOption ? "!" : "").Append(record.Option);
        if (record.FlagMask == 0 && !record.InvertFlags) return;
        output.Append(" flags:").Append(record.InvertFlags ? "!" : "");
        if (context.Numeric) output.Append($"0x{record.FlagMask:X2}/0x{record.FlagValue:X2}");
        else output.Append(FlagText(record.FlagMask)).Append('/').Append(FlagText(record.FlagValue));
    }

    protected override void Save(TcpMatch record, StringBuilder output)
    {
        Ports.Save("--sport", record.SourcePorts, record.InvertSourcePorts, output);
        Ports.Save("--dport", record.DestinationPorts, record.InvertDestinationPorts, output);
        if (record.Option != 0 || record.InvertOption)
            output.Append(record.InvertOption ? " !" : "").Append(" --tcp-option ").Append(record.Option);
        if (record.FlagMask == 0 && !record.InvertFlags) return;
        output.Append(record.InvertFlags ? " !" : "").Append(" --tcp-flags ").Append(FlagText(record.FlagMask)).Append(' ')
            .Append(FlagText(record.FlagValue));
    }

    private static string FlagText(byte flags)
        => flags == 0 ? "NONE" : string.Join(',', FlagNames.Where(known => (flags & known.Flag) != 0 && byte.IsPow2(known.Flag))
            .Select(known => known.Name));

    protected override Errno Check(TcpMatch record, KernelContext context)
        => context.HasProtocol(Protocols.Tcp) ? Errno.None : Errno.Invalid;

    protected override void Encode(TcpMatch record, FieldWriter fields) => fields
        .Ports(record.SourcePorts).Ports(record.DestinationPorts).Flag(record.InvertSourcePorts).Flag(record.InvertDestinationPorts)
        .Number(record.FlagMask).Number(record.FlagValue).Flag(record.InvertFlags).Number(record.Option).Flag(record.InvertOption);

    protected override TcpMatch DecodeRecord(ref FieldReader fields) => new()
    {
        SourcePorts = fields.Ports(),
        DestinationPorts = fields.Ports(),
        InvertSourcePorts = fields.Flag(),
        InvertDestinationPorts = fields.Flag(),
        FlagMask = fields.Number8(),
        FlagValue = fields.Number8(),
        InvertFlags = fields.Flag(),
        Option = fields.Number8(),
        InvertOption = fields.Flag(),
    };
}

using System.Text;
using Weir.Iptables.Parsing;
using Weir.Model;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m conntrack.</summary>
internal sealed class ConntrackExtension : Extension<ConntrackMatch>
{
    private const int State = 0, Protocol = 1, OrigSrc = 2, OrigDst = 3, ReplSrc = 4, ReplDst = 5, OrigSrcPort = 6, OrigDstPort = 7,
        ReplSrcPort = 8,
        ReplDstPort = 9, Status = 10, Expire = 11, Direction = 12;

    public override string Name => "conntrack";

    public override string Help =>
        """
        conntrack match options:
        [!] --ctstate {INVALID|ESTABLISHED|NEW|RELATED|UNTRACKED|SNAT|DNAT}[,...]
                                       State(s) to match
        [!] --ctproto proto            Protocol to match; by number or name, e.g. "tcp"
        [!] --ctorigsrc address[/mask]
        [!] --ctorigdst address[/mask]
        [!] --ctreplsrc address[/mask]
        [!] --ctrepldst address[/mask]
                                       Original/Reply source/destination address
        [!] --ctorigsrcport port
        [!] --ctorigdstport port
        [!] --ctreplsrcport port
        [!] --ctrepldstport port
                                       TCP/UDP/SCTP orig./reply source/destination port
        [!] --ctstatus {NONE|EXPECTED|SEEN_REPLY|ASSURED|CONFIRMED}[,...]
                                       Status(es) to match
        [!] --ctexpire time[:time]     Match remaining lifetime in seconds against
                                       value or range of values (inclusive)
            --ctdir {ORIGINAL|REPLY}   Flow direction of packet

        """;

    public override ExtensionOption[] Options { get; } =
    [
        new("ctstate", State, OptionType.Text) { Invertible = true }, new("ctproto", Protocol, OptionType.Protocol) { Invertible = true },
        new("ctorigsrc", OrigSrc, OptionType.HostMask) { Invertible = true },
        new("ctorigdst", OrigDst, OptionType.HostMask) { Invertible = true },
        new("ctreplsrc", ReplSrc, OptionType.HostMask) { Invertible = true },
        new("ctrepldst", ReplDst, OptionType.HostMask) { Invertible = true },
        new("ctstatus", Status, OptionType.Text) { Invertible = true },
        new("ctexpire", Expire, OptionType.NumberRange) { Invertible = true },
        new("ctorigsrcport", OrigSrcPort, OptionType.PortRange) { Invertible = true },
        new("ctorigdstport", OrigDstPort, OptionType.PortRange) { Invertible = true },
        new("ctreplsrcport", ReplSrcPort, OptionType.PortRange) { Invertible = true },
        new("ctrepldstport", ReplDstPort, OptionType.PortRange) { Invertible = true },
        new("ctdir", Direction, OptionType.Text),
    ];

    protected override ConntrackMatch Initial(RuleDraft rule) => new();

    protected override ConntrackMatch Parse(ConntrackMatch record, OptionCall call)
    {
        switch (call.Option.Id)
        {
            case State:
                record = record with { States = ConntrackNames.ParseStates(call.Argument, true, "ctstate") };
                return Invert(ConntrackInversions.States);
            case Protocol:
                record = record with { Protocol = (byte)call.Number };
                return Invert(ConntrackInversions.Protocol);
            case OrigSrc:
                record = record with { OriginalSource = call.Host };
                return Invert(ConntrackInversions.OriginalSource);
            case OrigDst:
                record = record with { OriginalDestination = call.Host };
                return Invert(ConntrackInversions.OriginalDestination);
            case ReplSrc:
                record = record with { ReplySource = call.Host };
                return Invert(ConntrackInversions.ReplySource);
            case ReplDst:
                record = record with { ReplyDestination = call.Host };
                return Invert(ConntrackInversions.ReplyDestination);
            case OrigSrcPort:
                record = record with { OriginalSourcePorts = call.Ports };
                return Invert(ConntrackInversions.OriginalSourcePorts);
            case OrigDstPort:
                record = record with { OriginalDestinationPorts = call.Ports };
                return Invert(ConntrackInversions.OriginalDestinationPorts);
            case ReplSrcPort:
                record = record with { ReplySourcePorts = call.Ports };
                return Invert(ConntrackInversions.ReplySourcePorts);
            case ReplDstPort:
                record = record with { ReplyDestinationPorts = call.Ports };
                return Invert(ConntrackInversions.ReplyDestinationPorts);
            case Status:
                record = record with { Status = ConntrackNames.ParseStatus(call.Argument) };
                return Invert(ConntrackInversions.Status);
            case Expire:
                record = record with { Expires = call.Range };
                return Invert(ConntrackInversions.Expires);
            default:
                if (call.Argument.Equals("ORIGINAL", StringComparison.OrdinalIgnoreCase)) return record with { IsReply = false };
                if (call.Argument.Equals("REPLY", StringComparison.OrdinalIgnoreCase)) return record with { IsReply = true };
                throw CommandException.Parameter($"conntrack: Bad value for \"--ctdir\" option: \"{call.Argument}\"");
        }

        ConntrackMatch Invert(ConntrackInversions condition)
            => call.Invert ? record with { Inverted = record.Inverted | condition } : record;
    }

    protected override ConntrackMatch Finish(ConntrackMatch record, uint used)
        => used != 0 ? record : throw CommandException.Parameter("conntrack: At least one option is required");

    protected override void List(ConntrackMatch record, ListContext context)
        => Write(record, context.Output, "", context.Numeric ? null : context);

    protected override void Save(ConntrackMatch record, StringBuilder output) => Write(record, output, "--", null);

    private static void Write(ConntrackMatch record, StringBuilder output, string prefix, ListContext? named)
    {
        if (record.States is { } states) ConntrackNames.AppendStates(Option(ConntrackInversions.States, "ctstate").Append(' '), states);
        if (record.Protocol is { } protocol) Option(ConntrackInversions.Protocol, "ctproto").Append(' ').Append(protocol);
        Host(record.OriginalSource, ConntrackInversions.OriginalSource, "ctorigsrc");
        Host(record.OriginalDestination, ConntrackInversions.OriginalDestination, "ctorigdst");
        Host(record.ReplySource, ConntrackInversions.ReplySource, "ctreplsrc");
        Host(record.ReplyDestination, ConntrackInversions.ReplyDestination, "ctrepldst");
        PortPair(record.OriginalSourcePorts, ConntrackInversions.OriginalSourcePorts, "ctorigsrcport");
        PortPair(record.OriginalDestinationPorts, ConntrackInversions.OriginalDestinationPorts, "ctorigdstport");
        PortPair(record.ReplySourcePorts, ConntrackInversions.ReplySourcePorts, "ctreplsrcport");
        PortPair(record.ReplyDestinationPorts, ConntrackInversions.ReplyDestinationPorts, "ctrepldstport");
        if (record.Status is { } status) ConntrackNames.AppendStatus(Option(ConntrackInversions.Status, "ctstatus").Append(' '), status);
        if (record.Expires is { } expires)
        {
            Option(ConntrackInversions.Expires, "ctexpire").Append(' ').Append(expires.Min);
            if (expires.Min != expires.Max) output.Append(':').Append(expires.Max);
        }
        if (record.IsReply is { } reply) output.Append(' ').Append(prefix).Append(reply ? "ctdir REPLY" : "ctdir ORIGINAL");

        StringBuilder Option(ConntrackInversions condition, string name)
            => output.Append((record.Inverted & condition) != 0 ? " ! " : " ").Append(prefix).Append(name);

        void Host(AddressMask? given, ConntrackInversions condition, string name)
        {
            if (given is not { } host) return;
            Option(condition, name).Append(' ');
            if (named is not null && host.Address == AddressMask.Any(host.Family).Address) output.Append("anywhere");
            else output.Append(Printing.AddressText.WithMask(host, named?.Names));
        }

        void PortPair(PortRange? given, ConntrackInversions condition, string name)
        {
            if (given is not { } ports) return;
            Option(condition, name).Append(' ').Append(ports.Min);
            if (ports.Max != 0 && ports.Max != ports.Min) output.Append(':').Append(ports.Max);
        }
    }

    protected override void Encode(ConntrackMatch record, FieldWriter fields)
    {
        fields.Number((ulong)record.Inverted);
        Optional(record.States is { } states ? (ulong)states : null);
        Optional(record.Protocol);
        Host(record.OriginalSource);
        Host(record.OriginalDestination);
        Host(record.ReplySource);
        Host(record.ReplyDestination);
        fields.Ports(record.OriginalSourcePorts).Ports(record.OriginalDestinationPorts).Ports(record.ReplySourcePorts)
            .Ports(record.ReplyDestinationPorts);
        Optional(record.Status is { } status ? (ulong)status : null);
        Optional(record.Expires?.Min);
        if (record.Expires is { } expires) fields.Number(expires.Max);
        Optional(record.IsReply is { } reply ? reply ? 1ul : 0 : null);

        void Optional(ulong? value)
        {
            fields.Flag(value is not null);
            if (value is { } number) fields.Number(number);
        }

        void Host(AddressMask? host)
        {
            fields.Flag(host is not null);
            if (host is { } given) fields.Mask(given);
        }
    }

    protected override ConntrackMatch DecodeRecord(ref FieldReader fields)
    {
        var record = new ConntrackMatch { Inverted = (ConntrackInversions)fields.Number16() };
        return record with
        {
            States = fields.Flag() ? (ConntrackStates)fields.Number16() : null,
            Protocol = fields.Flag() ? fields.Number8() : null,
            OriginalSource = fields.Flag() ? fields.Mask() : null,
            OriginalDestination = fields.Flag() ? fields.Mask() : null,
            ReplySource = fields.Flag() ? fields.Mask() : null,
            ReplyDestination = fields.Flag() ? fields.Mask() : null,
            OriginalSourcePorts = fields.OptionalPorts(),
            OriginalDestinationPorts = fields.OptionalPorts(),
            ReplySourcePorts = fields.OptionalPorts(),
            ReplyDestinationPorts = fields.OptionalPorts(),
            Status = fields.Flag() ? (ConntrackStatus)fields.Number16() : null,
            Expires = fields.Flag() ? (fields.Number32(), fields.Number32()) : null,
            IsReply = fields.Flag() ? fields.Flag() : null,
        };
    }
}

using System.Text;
using Weir.Iptables.Editing;
using Weir.Iptables.Parsing;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m icmp.</summary>
internal sealed class IcmpExtension : Extension<IcmpMatch>
{
    private const byte All = 255;

    /// <summary>The original's names and order: a listing takes the first that fits.</summary>
    private static readonly (string Name, byte Type, byte Min, byte Max)[] Types =
    [
        ("any", IcmpMatch.AnyType, 0, All), ("echo-reply", 0, 0, All), ("pong", 0, 0, All),
        ("destination-unreachable", 3, 0, All), ("network-unreachable", 3, 0, 0), ("host-unreachable", 3, 1, 1),
        ("protocol-unreachable", 3, 2, 2),
        ("port-unreachable", 3, 3, 3), ("fragmentation-needed", 3, 4, 4), ("source-route-failed", 3, 5, 5), ("network-unknown", 3, 6, 6),
        ("host-unknown", 3, 7, 7), ("network-prohibited", 3, 9, 9), ("host-prohibited", 3, 10, 10), ("TOS-network-unreachable", 3, 11, 11),
        ("TOS-host-unreachable", 3, 12, 12), ("communication-prohibited", 3, 13, 13), ("host-precedence-violation", 3, 14, 14),
        ("precedence-cutoff", 3, 15, 15),
        ("source-quench", 4, 0, All),
        ("redirect", 5, 0, All), ("network-redirect", 5, 0, 0), ("host-redirect", 5, 1, 1), ("TOS-network-redirect", 5, 2, 2),
        ("TOS-host-redirect", 5, 3, 3),
        ("echo-request", 8, 0, All), ("ping", 8, 0, All),
        ("router-advertisement", 9, 0, All), ("router-solicitation", 10, 0, All),
        ("time-exceeded", 11, 0, All), ("ttl-exceeded", 11, 0, All), ("ttl-zero-during-transit", 11, 0, 0),
        ("ttl-zero-during-reassembly", 11, 1, 1),
        ("parameter-problem", 12, 0, All), ("ip-header-bad", 12, 0, 0), ("required-option-missing", 12, 1, 1),
        ("timestamp-request", 13, 0, All), ("timestamp-reply", 14, 0, All), ("address-mask-request", 17, 0, All),
        ("address-mask-reply", 18, 0, All),
    ];

    public override string Name => "icmp";

    public override string Help
    {
        get
        {
            var text = new StringBuilder(
                """
                icmp match options:
                [!] --icmp-type typename	match icmp type
                [!] --icmp-type type[/code]	(or numeric type or type/code)
                Valid ICMP Types:
                """);
            for (var i = 0; i < Types.Length; i++)
            {
                var (name, type, min, max) = Types[i];
                if (i == 0 || type != Types[i - 1].Type) text.Append('\n').Append(name);
                else if (min == Types[i - 1].Min && max == Types[i - 1].Max) text.Append(" (").Append(name).Append(')');
                else text.Append("\n   ").Append(name);
            }
            return text.Append('\n').ToString();
        }
    }

    public override ExtensionOption[] Options { get; } = [new("icmp-type", 0, OptionType.Text) { Mandatory = true, Invertible = true }];

    protected override IcmpMatch Initial(RuleDraft rule) => new(IcmpMatch.AnyType, 0, All, false);

    protected override IcmpMatch Parse(IcmpMatch record, OptionCall call)
    {
        var text = call.Argument;
        var found = -1;
        for (var i = 0; i < Types.Length; i++)
        {
            if (!Types[i].Name.StartsWith(text, StringComparison.OrdinalIgnoreCase)) continue;
            if (found >= 0) throw CommandException.Parameter($"Ambiguous ICMP type `{text}': `{Types[found].Name}' or `{Types[i].Name}'?");
            found = i;
        }
        if (found >= 0) return new IcmpMatch(Types[found].Type, Types[found].Min, Types[found].Max, call.Invert);
        if (!TryRange(text, 0, out var type, out var lastType, out var end))
            throw CommandException.Parameter($"Unknown ICMP type `{text}'");
        byte min = 0, max = All;
        if (end < text.Length && text[end] == '/')
        {
            if (!TryRange(text, end + 1, out min, out max, out end)) throw CommandException.Parameter($"Unknown ICMP code `{text}'");
        }
        if (end < text.Length) throw CommandException.Parameter($"unknown character {text[end]}");
        if (type != lastType) throw CommandException.Parameter("ICMP type range not supported");
        return new IcmpMatch(type, min, max, call.Invert);
    }

    private static bool TryRange(string text, int start, out byte low, out byte high, out int end)
    {
        high = 0;
        var ok = CNumber.TryParse(text, start, 0, All, out var first, out end);
        low = high = (byte)first;
        if (!ok) return false;
        if (end < text.Length && text[end] == ':')
        {
            if (!CNumber.TryParse(text, end + 1, 0, All, out var second, out end)) return false;
            high = (byte)second;
        }
        return true;
    }

    protected override void List(IcmpMatch record, ListContext context)
    {
        var output = context.Output.Append(" icmp");
        if (!context.Numeric)
        {
            foreach (var (name, type, min, max) in Types)
            {
                if (type != record.Type || min != record.CodeMin || max != record.CodeMax) continue;
                output.Append(record.Invert ? " !" : " ").Append(name);
                return;
            }
        }
        // The original puts no blank before "type".
        output.Append(record.Invert ? " !" : "").Append("type ").Append(record.Type);
        if (record.CodeMin == record.CodeMax) output.Append(" code ").Append(record.CodeMin);
        else if (record.CodeMin != 0 || record.CodeMax != All)
            output.Append(" codes ").Append(record.CodeMin).Append('-').Append(record.CodeMax);
    }

    protected override void Save(IcmpMatch record, StringBuilder output)
    {
        output.Append(record.Invert ? " !" : "").Append(" --icmp-type ");
        if (record.Type == IcmpMatch.AnyType)
        {
            output.Append("any");
            return;
        }
        output.Append(record.Type);
        if (record.CodeMin != 0 || record.CodeMax != All) output.Append('/').Append(record.CodeMin);
    }

    protected override Errno Check(IcmpMatch record, KernelContext context)
        => context.HasProtocol(Protocols.Icmp) ? Errno.None : Errno.Invalid;

    protected override void Encode(IcmpMatch record, FieldWriter fields)
        => fields.Number(record.Type).Number(record.CodeMin).Number(record.CodeMax).Flag(record.Invert);

    protected override IcmpMatch DecodeRecord(ref FieldReader fields)
        => new(fields.Number8(), fields.Number8(), fields.Number8(), fields.Flag());
}

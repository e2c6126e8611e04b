using System.Text;
using Weir.Iptables.Editing;
using Weir.Iptables.Parsing;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m limit.</summary>
internal sealed class LimitExtension : Extension<LimitMatch>
{
    private const int Limit = 0, LimitBurst = 1;
    private const uint DefaultBurst = 5;

    private static readonly (string Name, uint Seconds)[] Units = [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400)];

    private static readonly (string Name, uint Period)[] PrintUnits =
        [("day", LimitMatch.Scale * 86400), ("hour", LimitMatch.Scale * 3600), ("min", LimitMatch.Scale * 60), ("sec", LimitMatch.Scale)];

    public override string Name => "limit";

    public override string Help =>
        "limit match options:\n--limit avg\t\t\tmax average match rate: default 3/hour\n"
        + "                                [Packets per second unless followed by \n"
        + "                                /sec /minute /hour /day postfixes]\n"
        + "--limit-burst number\t\tnumber to match in a burst, default 5\n";

    public override ExtensionOption[] Options { get; } =
        [new("limit", Limit, OptionType.Text), new("limit-burst", LimitBurst, OptionType.Number) { Max = 10000 }];

    protected override LimitMatch Initial(RuleDraft rule) => new(LimitMatch.Scale * 3600 / 3, DefaultBurst);

    protected override LimitMatch Parse(LimitMatch record, OptionCall call)
        => call.Option.Id == LimitBurst ? record with { Burst = call.Number } : record with { Average = ParseRate(call.Argument) };

    private static uint ParseRate(string text)
    {
        var slash = text.IndexOf('/');
        uint seconds = 1;
        if (slash >= 0)
        {
            var unit = text[(slash + 1)..];
            var at = unit.Length == 0 ? -1 : Array.FindIndex(Units,
                known => known.Name.StartsWith(unit, StringComparison.OrdinalIgnoreCase));
            if (at < 0) throw Bad();
            seconds = Units[at].Seconds;
        }
        // atoi(3): what of it is a number, as 32 bits.
        if (!CNumber.TryScan(text, out var wide) || (uint)wide == 0) throw Bad();
        var average = LimitMatch.Scale * seconds / (uint)wide;
        return average != 0 ? average : throw CommandException.Parameter($"Rate too fast \"{text}\"");

        CommandException Bad() => CommandException.Parameter($"bad rate \"{text}\"'");
    }

    protected override void List(LimitMatch record, ListContext context)
        => context.Output.Append(" limit: avg ").Append(RateText(record.Average)).Append(" burst ").Append(record.Burst);

    protected override void Save(LimitMatch record, StringBuilder output)
    {
        output.Append(" --limit ").Append(RateText(record.Average));
        if (record.Burst != DefaultBurst) output.Append(" --limit-burst ").Append(record.Burst);
    }

    /// <summary>The finest unit in which the rate is still a good whole number.</summary>
    private static string RateText(uint average)
    {
        var i = 1;
        while (i < PrintUnits.Length && average <= PrintUnits[i].Period
            && PrintUnits[i].Period / average >= PrintUnits[i].Period % average) i++;
        return $"{PrintUnits[i - 1].Period / average}/{PrintUnits[i - 1].Name}";
    }

    /// <summary>The kernel refuses a bucket whose size overflows its 32-bit arithmetic (and an empty one).</summary>
    protected override Errno Check(LimitMatch record, KernelContext context)
        => record.Burst == 0 || Credits(unchecked(record.Average * record.Burst)) < Credits(record.Average) ? Errno.Range : Errno.None;

    private static uint Credits(uint user)
    {
        // HZ 250, and the greatest power of two of credits a jiffy that lets a day fit into 32 bits: 128.
        const uint perSecond = 250 * 128;
        return user > uint.MaxValue / perSecond ? user / LimitMatch.Scale * perSecond : user * perSecond / LimitMatch.Scale;
    }

    protected override void Encode(LimitMatch record, FieldWriter fields) => fields.Number(record.Average).Number(record.Burst);

    protected override LimitMatch DecodeRecord(ref FieldReader fields) => new(fields.Number32(), fields.Number32());
}

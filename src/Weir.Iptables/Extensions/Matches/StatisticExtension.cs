using System.Text;
using Weir.Iptables.Parsing;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m statistic.</summary>
internal sealed class StatisticExtension : Extension<StatisticMatch>
{
    private const int Mode = 0, Probability = 1, Every = 2, Packet = 3;
    private const double ProbabilityScale = 0x80000000;

    public override string Name => "statistic";

    public override string Help =>
        """
        statistic match options:
         --mode mode                    Match mode (random, nth)
         random mode:
        [!] --probability p		 Probability
         nth mode:
        [!] --every n			 Match every nth packet
         --packet p			 Initial counter value (0 <= p <= n-1, default 0)

        """;

    public override ExtensionOption[] Options { get; } =
    [
        new("mode", Mode, OptionType.Text) { Mandatory = true },
        new("probability", Probability, OptionType.Real) { Invertible = true, Max = 1, Excludes = 1u << Every | 1u << Packet },
        new("every", Every, OptionType.Number) { Invertible = true, Min = 1, Excludes = 1u << Probability, Requires = 1u << Packet },
        new("packet", Packet, OptionType.Number) { Excludes = 1u << Probability, Requires = 1u << Every },
    ];

    /// <summary>Every starts at 0, which no option can give.</summary>
    protected override StatisticMatch Initial(RuleDraft rule) => new(StatisticMode.Random, 0, 0, 0, false);

    protected override StatisticMatch Parse(StatisticMatch record, OptionCall call) => (call.Option.Id switch
    {
        Mode => call.Argument switch
        {
            "random" => record with { Mode = StatisticMode.Random },
            "nth" => record with { Mode = StatisticMode.Nth },
            _ => throw CommandException.Parameter($"Bad mode \"{call.Argument}\""),
        },
        Probability => record with { Probability = (uint)Math.Round(ProbabilityScale * call.Real, MidpointRounding.AwayFromZero) },
        Every => record with { Every = call.Number },
        _ => record with { Packet = call.Number },
    }) with
    { Invert = record.Invert | call.Invert };

    protected override StatisticMatch Finish(StatisticMatch record, uint used)
    {
        if (record.Mode == StatisticMode.Random && (used & 1u << Probability) == 0)
            throw CommandException.Parameter("--probability must be specified when using random mode");
        if (record.Mode == StatisticMode.Nth && (used & (1u << Every | 1u << Packet)) == 0)
            throw CommandException.Parameter("--every and --packet must be specified when using nth mode");
        // The kernel's structure has probability and "every" less one in the same place, and the original compares the packet with that.
        if (record.Packet > ((used & 1u << Every) != 0 ? record.Every - 1 : record.Probability))
            throw CommandException.Parameter("the --packet p must be 0 <= p <= n-1");
        return record;
    }

    protected override void List(StatisticMatch record, ListContext context) => Write(record, context.Output.Append(" statistic"), "");

    protected override void Save(StatisticMatch record, StringBuilder output) => Write(record, output, "--");

    private static void Write(StatisticMatch record, StringBuilder output, string prefix)
    {
        var invert = record.Invert ? " !" : "";
        if (record.Mode == StatisticMode.Random)
        {
            output.Append($" {prefix}mode random{invert} {prefix}probability {record.Probability / ProbabilityScale:F11}");
            return;
        }
        output.Append($" {prefix}mode nth{invert} {prefix}every {record.Every}");
        if (record.Packet != 0 || prefix.Length != 0) output.Append($" {prefix}packet {record.Packet}");
    }

    protected override void Encode(StatisticMatch record, FieldWriter fields)
        => fields.Number((ulong)record.Mode).Number(record.Probability).Number(record.Every).Number(record.Packet).Flag(record.Invert);

    protected override StatisticMatch DecodeRecord(ref FieldReader fields)
        => new((StatisticMode)fields.Number8(), fields.Number32(), fields.Number32(), fields.Number32(), fields.Flag());
}

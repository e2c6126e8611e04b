using System.Text;
using Weir.Iptables.Parsing;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Extensions.Targets;

/// <summary>-j MARK.</summary>
internal sealed class MarkTargetExtension : Extension<MarkTarget>
{
    private const int Set = 0, And = 1, Or = 2, Xor = 3, SetXor = 4;
    private const uint Any = 0x1f;

    public override string Name => "MARK";

    public override string Help =>
        """
        MARK target options:
          --set-xmark value[/mask]  Clear bits in mask and XOR value into nfmark
          --set-mark value[/mask]   Clear bits in mask and OR value into nfmark
          --and-mark bits           Binary AND the nfmark with bits
          --or-mark bits            Binary OR the nfmark with bits
          --xor-mark bits           Binary XOR the nfmark with bits

        """;

    public override ExtensionOption[] Options { get; } =
    [
        new("set-xmark", SetXor, OptionType.MarkMask) { Excludes = Any }, new("set-mark", Set, OptionType.MarkMask) { Excludes = Any },
        new("and-mark", And, OptionType.Number) { Excludes = Any }, new("or-mark", Or, OptionType.Number) { Excludes = Any },
        new("xor-mark", Xor, OptionType.Number) { Excludes = Any },
    ];

    protected override MarkTarget Initial(RuleDraft rule) => new(0, 0);

    protected override MarkTarget Parse(MarkTarget record, OptionCall call) => call.Option.Id switch
    {
        SetXor => new MarkTarget(call.Mark.Value, call.Mark.Mask),
        Set => new MarkTarget(call.Mark.Value, call.Mark.Value | call.Mark.Mask),
        And => new MarkTarget(0, ~call.Number),
        Or => new MarkTarget(call.Number, call.Number),
        _ => new MarkTarget(call.Number, 0),
    };

    protected override MarkTarget Finish(MarkTarget record, uint used)
        => used != 0 ? record
        : throw CommandException.Parameter("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required");

    protected override void List(MarkTarget record, ListContext context) => context.Output.Append(record switch
    {
        { Mark: 0 } => $" MARK and 0x{~record.Mask:x}",
        _ when record.Mark == record.Mask => $" MARK or 0x{record.Mark:x}",
        { Mask: 0 } => $" MARK xor 0x{record.Mark:x}",
        { Mask: uint.MaxValue } => $" MARK set 0x{record.Mark:x}",
        _ => $" MARK xset 0x{record.Mark:x}/0x{record.Mask:x}",
    });

    protected override void Save(MarkTarget record, StringBuilder output)
        => output.Append($" --set-xmark 0x{record.Mark:x}/0x{record.Mask:x}");

    protected override void Encode(MarkTarget record, FieldWriter fields) => fields.Number(record.Mark).Number(record.Mask);

    protected override MarkTarget DecodeRecord(ref FieldReader fields) => new(fields.Number32(), fields.Number32());
}

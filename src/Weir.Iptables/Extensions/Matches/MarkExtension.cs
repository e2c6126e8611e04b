using System.Text;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m mark.</summary>
internal sealed class MarkExtension : Extension<MarkMatch>
{
    public override string Name => "mark";

    public override string Help =>
        """
        mark match options:
        [!] --mark value[/mask]    Match nfmark value with optional mask

        """;

    public override ExtensionOption[] Options { get; } = [new("mark", 0, OptionType.MarkMask) { Mandatory = true, Invertible = true }];

    protected override MarkMatch Initial(RuleDraft rule) => new(0, 0, false);

    protected override MarkMatch Parse(MarkMatch record, OptionCall call) => new(call.Mark.Value, call.Mark.Mask, call.Invert);

    protected override void List(MarkMatch record, ListContext context)
        => context.Output.Append(record.Invert ? " mark match !" : " mark match").Append(Value(record));

    protected override void Save(MarkMatch record, StringBuilder output)
        => output.Append(record.Invert ? " ! --mark" : " --mark").Append(Value(record));

    private static string Value(MarkMatch record)
        => record.Mask == uint.MaxValue ? $" 0x{record.Mark:x}" : $" 0x{record.Mark:x}/0x{record.Mask:x}";

    protected override void Encode(MarkMatch record, FieldWriter fields)
        => fields.Number(record.Mark).Number(record.Mask).Flag(record.Invert);

    protected override MarkMatch DecodeRecord(ref FieldReader fields) => new(fields.Number32(), fields.Number32(), fields.Flag());
}

using System.Text;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m comment.</summary>
internal sealed class CommentExtension : Extension<CommentMatch>
{
    public override string Name => "comment";

    public override string Help =>
        """
        comment match options:
        --comment COMMENT             Attach a comment to a rule

        """;

    public override ExtensionOption[] Options { get; } = [new("comment", 0, OptionType.Text) { Mandatory = true }];

    protected override CommentMatch Initial(RuleDraft rule) => new("");

    protected override CommentMatch Parse(CommentMatch record, OptionCall call)
        => new(Printing.QuotedText.Cut(call.Argument, CommentMatch.MaxLength));

    protected override void List(CommentMatch record, ListContext context)
        => context.Output.Append(" /* ").Append(record.Comment).Append(" */");

    protected override void Save(CommentMatch record, StringBuilder output)
        => Printing.QuotedText.Append(output.Append(" --comment"), record.Comment);

    protected override void Encode(CommentMatch record, FieldWriter fields) => fields.Text(record.Comment);

    protected override CommentMatch DecodeRecord(ref FieldReader fields) => new(fields.Text());
}

using System.Text;
using Weir.Iptables.Parsing;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m state.</summary>
internal sealed class StateExtension : Extension<StateMatch>
{
    public override string Name => "state";

    public override string Help =>
        """
        state match options:
         [!] --state [INVALID|ESTABLISHED|NEW|RELATED|UNTRACKED][,...]
        				State(s) to match

        """;

    public override ExtensionOption[] Options { get; } = [new("state", 0, OptionType.Text) { Mandatory = true, Invertible = true }];

    protected override StateMatch Initial(RuleDraft rule) => new(ConntrackStates.None, false);

    protected override StateMatch Parse(StateMatch record, OptionCall call)
        => new(ConntrackNames.ParseStates(call.Argument, false, "state"), call.Invert);

    protected override void List(StateMatch record, ListContext context)
        => ConntrackNames.AppendStates(context.Output.Append(record.Invert ? " ! state " : " state "), record.States);

    protected override void Save(StateMatch record, StringBuilder output)
        => ConntrackNames.AppendStates(output.Append(record.Invert ? " ! --state " : " --state "), record.States);

    protected override void Encode(StateMatch record, FieldWriter fields) => fields.Number((ulong)record.States).Flag(record.Invert);

    protected override StateMatch DecodeRecord(ref FieldReader fields) => new((ConntrackStates)fields.Number16(), fields.Flag());
}

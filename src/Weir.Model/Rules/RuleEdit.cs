namespace Weir.Model.Rules;

/// <summary>What most commands do: one rule of one chain comes or goes.</summary>
/// <param name="Table">Which table.</param>
/// <param name="Chain">The chain's name.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Rule">The rule that comes, or to which the one that goes must be the same; null where it goes by its place.</param>
/// <param name="Index">The place, from 0, where the kind asks for one.</param>
public sealed record RuleEdit(TableKind Table, string Chain, RuleEditKind Kind, Rule? Rule, int Index = 0);

/// <summary>Kinds of <see cref="RuleEdit"/>.</summary>
public enum RuleEditKind
{
    Append,
    Insert,
    DeleteSame,
    DeleteAt,
}

namespace Weir.Model.Rules;

/// <summary>Where in a stored text (<see cref="IRulesetCodec"/>) an edit takes place.</summary>
/// <param name="Hook">The chain's hook; null: a user chain.</param>
/// <param name="Index">The rule that goes, or before which one comes, from 0.</param>
/// <param name="Count">The chain's rules.</param>
/// <param name="ChainStart">The byte where the chain's line begins.</param>
/// <param name="Start">The byte where the rule's line begins, or is to begin.</param>
/// <param name="End">The byte behind the line that goes; <paramref name="Start"/> where one comes.</param>
/// <param name="CountsBefore">Numbers of rules of the chains before this one, of tables in use, in order.</param>
/// <param name="Slots">Counter slots of all policies.</param>
public sealed record RulePlace(Hook? Hook, int Index, int Count, int ChainStart, int Start, int End, IReadOnlyList<int> CountsBefore, IReadOnlyList<int> Slots);

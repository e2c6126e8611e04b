namespace Weir.Model.Rules;

/// <summary>
/// Where the rule sets live. A change is one atomic step under a lock: take it, read, let a pure function make the new
/// rule set, commit.
/// </summary>
/// <remarks>
/// <para>Slots: a rule (or policy) of the new rule set with a slot of the old one is the same rule, moved or not. Those with slot 0 are new:
/// the store gives them a slot and starts their counters at <see cref="Rule.Counters"/>. Slots that are gone are free.</para>
/// <para>Counters: packets go on being counted between reading and committing, so for a kept slot the store adds <c>new - read</c> (modulo
/// 2^64) to the live counters. A rule that is not touched thus keeps every count; zeroing (new = 0) takes away exactly what was read and
/// perhaps printed.</para>
/// </remarks>
public interface IRulesetStore
{
    /// <summary>The rule set now, with live counters. Takes no lock.</summary>
    Ruleset Read(AddressFamily family);

    /// <summary>
    /// Takes the lock, calls <paramref name="change"/> once with the rule set and commits what it returns; null commits nothing.
    /// </summary>
    ChangeResult Change(AddressFamily family, LockWait wait, Func<Ruleset, Ruleset?> change);

    /// <summary>
    /// Makes a change of one rule without reading the others, so that its time hardly depends on their number. The rule's target is no chain, and the kernel would take
    /// the rule where it is to stand.
    /// </summary>
    /// <returns>null where the change must be made by <see cref="Change"/>, which also says what is wrong with it.</returns>
    ChangeResult? TryEdit(AddressFamily family, LockWait wait, RuleEdit edit) => null;
}

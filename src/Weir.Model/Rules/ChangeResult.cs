namespace Weir.Model.Rules;

/// <summary>
/// The outcome of a change; <see cref="Reason"/> is one sentence without a final dot wherever nothing could be committed.
/// </summary>
public sealed record ChangeResult(ChangeStatus Status, string Reason = "")
{
    /// <summary>The new rule set is in force.</summary>
    public static ChangeResult Committed { get; } = new(ChangeStatus.Committed);

    /// <summary>The function asked for no change.</summary>
    public static ChangeResult Unchanged { get; } = new(ChangeStatus.Unchanged);

    /// <summary>The lock was not to be had.</summary>
    public static ChangeResult LockBusy { get; } = new(ChangeStatus.LockBusy);
}

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

    /// <summary>The lock was not to be had in time; the reason is its file.</summary>
    public static ChangeResult LockBusy(string file) => new(ChangeStatus.LockBusy, file);
}

namespace Weir.Model.Rules;

/// <summary>How long to wait for the lock; null means as long as it takes.</summary>
public readonly record struct LockWait(TimeSpan? Limit)
{
    /// <summary>Do not wait.</summary>
    public static LockWait None => new(TimeSpan.Zero);

    /// <summary>Wait as long as it takes.</summary>
    public static LockWait Forever => new(null);
}

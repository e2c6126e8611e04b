namespace Weir.Model.Rules;

/// <summary>How long to wait for the lock; null means as long as it takes.</summary>
public readonly record struct LockWait(TimeSpan? Limit)
{
    /// <summary>Wait as long as it takes.</summary>
    public static LockWait Forever => new(null);
}

namespace Weir.Model.Rules;

/// <summary>What became of a change.</summary>
public enum ChangeStatus
{
    /// <summary>The new rule set is in force.</summary>
    Committed,

    /// <summary>The function asked for no change.</summary>
    Unchanged,

    /// <summary>The lock was not to be had within the time.</summary>
    LockBusy,

    /// <summary>The data path cannot do something that the rules ask for; nothing has changed.</summary>
    NotSupported,

    /// <summary>The rules need more room than there is; nothing has changed.</summary>
    DoesNotFit,

    /// <summary>Something else went wrong (the kernel refused); nothing has changed.</summary>
    Failed,
}

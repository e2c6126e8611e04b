namespace Weir.DataPath.Image;

/// <summary>What a rule does, and what its arguments mean.</summary>
public enum TargetKind : byte
{
    /// <summary>A rule without target: counts only.</summary>
    Continue = 0,
    Accept = 1,
    Drop = 2,
    Return = 3,

    /// <summary>Argument: the first cell of the user chain.</summary>
    Jump = 4,

    /// <summary>Argument: the first cell of the user chain.</summary>
    Goto = 5,

    /// <summary>Argument: bits to set after those of the mask (Argument2) are cleared, by exclusive or, as xt_MARK: <c>mark = mark &amp; ~mask ^ value</c>.</summary>
    Mark = 6,

    /// <summary>Argument: <see cref="RejectWith"/>.</summary>
    Reject = 7,

    /// <summary>Argument: a <see cref="LogTargetCell"/>.</summary>
    Log = 8,

    /// <summary>Argument: a <see cref="NatTargetCell"/>.</summary>
    Dnat = 9,

    /// <summary>Argument: a <see cref="NatTargetCell"/>.</summary>
    Snat = 10,

    /// <summary>Argument: a <see cref="NatTargetCell"/> (ports and flags).</summary>
    Masquerade = 11,

    /// <summary>Argument: a <see cref="NatTargetCell"/> (ports and flags).</summary>
    Redirect = 12,

    /// <summary>NOTRACK, CT --notrack.</summary>
    NoTrack = 13,
}

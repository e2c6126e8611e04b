namespace Weir.Model.Rules.Matches;

/// <summary>States of a packet with regard to its connection; the bits are the kernel's (XT_CONNTRACK_STATE_*).</summary>
[Flags]
public enum ConntrackStates : ushort
{
    None = 0,
    Invalid = 1,
    Established = 2,
    Related = 4,
    New = 8,

    /// <summary>The original source differs from the reply's destination.</summary>
    Snat = 64,

    /// <summary>The original destination differs from the reply's source.</summary>
    Dnat = 128,
    Untracked = 256,
}

using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-m conntrack and -m state: what is asked of the flow apart from addresses and ports. Each part that is present must hold (or not, where inverted).</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct ConntrackMatchCell
{
    [FieldOffset(0)] public MatchKind Kind;

    /// <summary>IPPROTO_…</summary>
    [FieldOffset(1)] public byte Protocol;
    [FieldOffset(2)] public ConntrackParts Parts;
    [FieldOffset(4)] public ConntrackParts Inverts;
    [FieldOffset(6)] public ConntrackStates States;

    /// <summary>Bits of <see cref="Flows.FlowStatus"/>; any of them fits. NONE adds no bit, so alone it never matches (as in netfilter).</summary>
    [FieldOffset(8)] public uint Statuses;

    /// <summary>Seconds, inclusive.</summary>
    [FieldOffset(12)] public uint ExpiresMin;
    [FieldOffset(16)] public uint ExpiresMax;

    /// <summary>0 original, 1 reply.</summary>
    [FieldOffset(20)] public byte Direction;
}

/// <summary>Parts of a conntrack match.</summary>
[Flags]
public enum ConntrackParts : ushort
{
    None = 0,
    State = 1 << 0,
    Protocol = 1 << 1,
    Status = 1 << 2,
    Expires = 1 << 3,
    Direction = 1 << 4,
}

/// <summary>States that ctstate names; bit n is <see cref="Flows.TrackState"/> n.</summary>
[Flags]
public enum ConntrackStates : ushort
{
    None = 0,
    Invalid = 1 << 1,
    New = 1 << 2,
    Established = 1 << 3,
    Related = 1 << 4,
    Untracked = 1 << 5,

    /// <summary>The source is translated (by address or by port).</summary>
    SourceNat = 1 << 6,
    DestinationNat = 1 << 7,
}

using System.Runtime.InteropServices;

namespace Weir.DataPath.Flows;

/// <summary>
/// What the chains of FORWARD and POSTROUTING (raw, mangle, filter) made of one direction of a flow: they let it through, and these rules and policies counted. It
/// holds for packets with the same key as long as the same rules are live. 32 bytes; kept in a <see cref="Flow"/> for each direction.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Verdict
{
    /// <summary>Most counters on the way.</summary>
    public const int MostSlots = 4;

    /// <summary>Eight-byte words.</summary>
    public const int Words = 4;

    /// <summary>The image's generation; 0: nothing is remembered.</summary>
    public uint Generation;

    /// <summary>Key: the packet's mark, the device it leaves by, and its state (<see cref="TrackState"/>).</summary>
    public uint Mark;
    public uint OutIfIndex;
    public ushort State;

    /// <summary>Counters in use.</summary>
    public ushort Count;

    /// <summary>Counter slots.</summary>
    public fixed uint Slots[MostSlots];
}

using System.Runtime.InteropServices;

namespace Weir.DataPath;

/// <summary>Packets and bytes of a rule or policy.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Counter
{
    /// <summary>Counters in a chunk of <see cref="Maps.Counters"/>.</summary>
    public const int ChunkSize = 1 << ChunkShift;

    /// <summary>A counter slot is <c>chunk &lt;&lt; ChunkShift | index</c>.</summary>
    public const int ChunkShift = 12;

    public ulong Packets;
    public ulong Bytes;
}

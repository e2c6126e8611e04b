using System.Runtime.InteropServices;
using Weir.DataPath.Image;

namespace Weir.DataPath;

/// <summary>A packet that met a LOG rule: record of <see cref="Maps.LogEvents"/>. 232 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 232)]
public unsafe struct LogEvent
{
    /// <summary>CLOCK_MONOTONIC nanoseconds.</summary>
    [FieldOffset(0)] public ulong Time;
    [FieldOffset(8)] public uint InIfIndex;
    [FieldOffset(12)] public uint OutIfIndex;
    [FieldOffset(16)] public uint Mark;

    /// <summary>Bytes from the IP header on.</summary>
    [FieldOffset(20)] public uint Length;
    [FieldOffset(24)] public byte Level;
    [FieldOffset(25)] public LogFlags Flags;
    [FieldOffset(26)] public Hook Hook;

    /// <summary>Bytes of <see cref="Mac"/> in use: 14, or 0.</summary>
    [FieldOffset(27)] public byte MacLength;

    /// <summary>Bytes of <see cref="Data"/> in use.</summary>
    [FieldOffset(28)] public ushort DataLength;
    [FieldOffset(30)] public ushort Reserved0;

    /// <summary>The socket's owner where <see cref="LogFlags.Uid"/> asks for it and there is one, otherwise 0xffffffff.</summary>
    [FieldOffset(32)] public uint Uid;
    [FieldOffset(36)] public uint Gid;

    /// <summary>Zero-terminated.</summary>
    [FieldOffset(40)] public fixed byte Prefix[32];
    [FieldOffset(40)] public fixed ulong PrefixWords[4];

    /// <summary>The link header: destination, source, type.</summary>
    [FieldOffset(72)] public fixed byte Mac[16];

    /// <summary>The packet from the IP header on.</summary>
    [FieldOffset(88)] public fixed byte Data[144];
}

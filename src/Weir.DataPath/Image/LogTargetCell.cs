using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-j LOG.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct LogTargetCell
{
    /// <summary>syslog level, 0 to 7.</summary>
    [FieldOffset(0)] public byte Level;
    [FieldOffset(1)] public LogFlags Flags;

    /// <summary>Zero-terminated, at most 29 bytes.</summary>
    [FieldOffset(8)] public fixed byte Prefix[30];
    [FieldOffset(8)] public fixed ulong PrefixWords[4];

    /// <summary>Where the kernel keeps the owner of a packet's socket, with <see cref="LogFlags.Uid"/>; all zero where that is not known.</summary>
    [FieldOffset(40)] public SocketOwnerPath Owner;
}

/// <summary>Options of LOG (NF_LOG_…), same bits.</summary>
[Flags]
public enum LogFlags : byte
{
    None = 0,
    TcpSequence = 1 << 0,
    TcpOptions = 1 << 1,
    IpOptions = 1 << 2,
    Uid = 1 << 3,
    MacDecode = 1 << 5,
}

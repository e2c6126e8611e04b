using System.Runtime.InteropServices;

namespace Weir.Bench;

/// <summary>The system calls that the traffic tools need beyond the BCL's sockets.</summary>
internal static unsafe partial class Interop
{
    public const int AddressFamilyPacket = 17;
    public const int SocketRaw = 3;
    public const int SolPacket = 263;
    public const int PacketQdiscBypass = 20;
    public const int ClockMonotonic = 1;

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public void* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct MultiMessage
    {
        public MessageHeader Header;
        public uint Sent;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PacketAddress
    {
        public ushort Family;
        public ushort ProtocolBe;
        public int IfIndex;
        public ushort HardwareType;
        public byte PacketType;
        public byte AddressLength;
        public ulong Address;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(int socket, int level, int name, int* value, int length);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int socket, PacketAddress* address, int length);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    public static partial int SendMultiple(int socket, MultiMessage* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint InterfaceIndex(string name);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    public static partial int ClockGetTime(int clock, long* secondsAndNanoseconds);

    /// <summary>CLOCK_MONOTONIC in nanoseconds; counts instructions in a guest whose clock does.</summary>
    public static long Now()
    {
        var time = stackalloc long[2];
        _ = ClockGetTime(ClockMonotonic, time);
        return time[0] * 1_000_000_000 + time[1];
    }
}

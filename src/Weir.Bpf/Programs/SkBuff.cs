using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>The context of TC programs: struct __sk_buff (include/uapi/linux/bpf.h), 192 bytes. Ports and addresses in network byte order.</summary>
[BtfName("__sk_buff")]
[StructLayout(LayoutKind.Explicit, Size = 192)]
public unsafe struct SkBuff
{
    [FieldOffset(0)] public uint Length;
    [FieldOffset(4)] public uint PacketType;
    [FieldOffset(8)] public uint Mark;
    [FieldOffset(12)] public uint QueueMapping;
    [FieldOffset(16)] public uint ProtocolBe;
    [FieldOffset(20)] public uint VlanPresent;
    [FieldOffset(24)] public uint VlanTci;
    [FieldOffset(28)] public uint VlanProtocolBe;
    [FieldOffset(32)] public uint Priority;
    [FieldOffset(36)] public uint IngressIfIndex;
    [FieldOffset(40)] public uint IfIndex;
    [FieldOffset(44)] public uint TcIndex;
    [FieldOffset(48)] public fixed uint ControlBlock[5];
    [FieldOffset(68)] public uint Hash;
    [FieldOffset(72)] public uint TcClassId;
    [FieldOffset(76)] private readonly uint _data;
    [FieldOffset(80)] private readonly uint _dataEnd;
    [FieldOffset(152)] public ulong Timestamp;
    [FieldOffset(160)] public uint WireLength;
    [FieldOffset(164)] public uint GsoSegments;
    [FieldOffset(176)] public uint GsoSize;

    /// <summary>The first byte of the packet's linear part.</summary>
    [ContextPointer(76)]
    public static byte* Data(SkBuff* context) => ManagedPacket.Of(context).Data;

    /// <summary>The byte after the packet's linear part.</summary>
    [ContextPointer(80)]
    public static byte* DataEnd(SkBuff* context) => ManagedPacket.Of(context).DataEnd;
}

using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>The context of XDP programs: struct xdp_md (include/uapi/linux/bpf.h), 24 bytes.</summary>
[BtfName("xdp_md")]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public unsafe struct XdpBuff
{
    /// <summary>For test-runs: where the packet begins, behind its metadata. Programs ask <see cref="Data"/>.</summary>
    [FieldOffset(0)] public uint Start;

    /// <summary>For test-runs: the packet's length. Programs ask <see cref="DataEnd"/>.</summary>
    [FieldOffset(4)] public uint End;
    [FieldOffset(8)] public uint Metadata;
    [FieldOffset(12)] public uint IngressIfIndex;
    [FieldOffset(16)] public uint ReceiveQueue;
    [FieldOffset(20)] public uint EgressIfIndex;

    /// <summary>The packet's first byte.</summary>
    [ContextPointer(0)]
    public static byte* Data(XdpBuff* context) => ManagedPacket.Of(context).Data;

    /// <summary>The byte after the packet's first (most often only) part.</summary>
    [ContextPointer(4)]
    public static byte* DataEnd(XdpBuff* context) => ManagedPacket.Of(context).DataEnd;
}

namespace Weir.Bpf.Programs;

/// <summary>
/// The kernel's helpers (include/uapi/linux/bpf.h has their semantics) with what they do managed. Where a managed run needs a surrounding (time,
/// routes, sockets), <see cref="ManagedKernel"/> supplies it.
/// </summary>
public static unsafe class Helpers
{
    /// <summary>Nanoseconds since boot, without suspended time (CLOCK_MONOTONIC).</summary>
    [Helper(5)]
    public static ulong KtimeGetNs() => ManagedKernel.Current.Now;

    /// <summary>bpf_ktime_get_coarse_ns: CLOCK_MONOTONIC as of the last tick, a third of the cost.</summary>
    [Helper(160)]
    public static ulong KtimeGetCoarseNs() => ManagedKernel.Current.Now;

    [Helper(7)]
    public static uint GetPrandomU32() => ManagedKernel.Current.NextRandom();

    [Helper(8)]
    public static uint GetSmpProcessorId() => 0;

    /// <summary>Writes into the packet. Invalidates packet pointers.</summary>
    [Helper(9)]
    public static long SkbStoreBytes(SkBuff* context, uint offset, void* from, uint length, ulong flags) =>
        ManagedKernel.StoreBytes(context, offset, from, length);

    /// <summary>Replaces a value under the IP header's checksum. Invalidates packet pointers.</summary>
    [Helper(10)]
    public static long L3CsumReplace(SkBuff* context, uint offset, ulong from, ulong to, ulong size) =>
        ManagedKernel.ReplaceChecksum(context, offset, from, to, size, false);

    /// <summary>Replaces a value under a transport checksum. Flags: size in the low 4 bits (0: <c>to</c> is a difference), see <see cref="ChecksumFlags"/>. Invalidates packet pointers.</summary>
    [Helper(11)]
    public static long L4CsumReplace(SkBuff* context, uint offset, ulong from, ulong to, ulong flags) =>
        ManagedKernel.ReplaceChecksum(context, offset, from, to, flags & 0xf, (flags & ChecksumFlags.MarkMangledZero) != 0);

    /// <summary>Sends the packet out of a device, or with flag 1 into its ingress; the result is what the program returns.</summary>
    [Helper(23)]
    public static long Redirect(uint ifIndex, ulong flags) => ManagedKernel.Current.Redirect(ifIndex, flags);

    /// <summary>Copies bytes from the packet (also from its non-linear part): 0 or negative.</summary>
    [Helper(26)]
    public static long SkbLoadBytes(SkBuff* context, uint offset, void* to, uint length) => ManagedKernel.LoadBytes(context, offset, to, length);

    /// <summary>Differential Internet checksum of two buffers (sizes multiples of 4), added to a seed: 32 bits unfolded, or negative.</summary>
    [Helper(28)]
    public static long CsumDiff(uint* from, uint fromSize, uint* to, uint toSize, uint seed) =>
        ManagedKernel.ChecksumDifference(from, fromSize, to, toSize, seed);

    /// <summary>Cuts or lengthens the packet. Invalidates packet pointers.</summary>
    [Helper(38)]
    public static long SkbChangeTail(SkBuff* context, uint length, ulong flags) => ManagedPacket.Of(context).TryChangeTail((int)length) ? 0 : -22;

    /// <summary>Makes the first bytes linear and writable. Invalidates packet pointers.</summary>
    [Helper(39)]
    public static long SkbPullData(SkBuff* context, uint length) => 0;

    /// <summary>Puts zeroed bytes in front, which become the link header. Invalidates packet pointers.</summary>
    [Helper(43)]
    public static long SkbChangeHead(SkBuff* context, uint length, ulong flags) => ManagedPacket.Of(context).TryAdjustRoom(0, (int)length) ? 0 : -22;

    [Helper(46)]
    public static ulong GetSocketCookie(void* context) => ManagedKernel.Current.SocketCookie;

    /// <summary>Grows or shrinks the packet between link and network header (mode 1: BPF_ADJ_ROOM_MAC). Invalidates packet pointers.</summary>
    [Helper(50)]
    public static long SkbAdjustRoom(SkBuff* context, int size, uint mode, ulong flags) =>
        ManagedPacket.Of(context).TryAdjustRoom(mode == 1 ? 14 : 34, size) ? 0 : -22;

    /// <summary>Cuts (or lengthens) the frame of an XDP program by this many bytes. Invalidates packet pointers.</summary>
    [Helper(65)]
    public static long XdpAdjustTail(XdpBuff* context, int bytes)
    {
        var packet = ManagedPacket.Of(context);
        return packet.TryChangeTail(packet.Bytes.Length + bytes) ? 0 : -22;
    }

    /// <summary>A routing look-up.</summary>
    [Helper(69)]
    public static FibLookupResult FibLookup(void* context, FibLookup* parameters, int size, FibLookupFlags flags) =>
        ManagedKernel.Current.FibLookup(parameters, flags);

    /// <summary>Copies memory of the kernel from an address that may be wrong: 0 or -EFAULT. Managed there is no kernel.</summary>
    [Helper(113)]
    public static long ProbeReadKernel(void* to, uint size, ulong address)
    {
        new Span<byte>(to, (int)size).Clear();
        return -14;
    }

    /// <summary>The cookie of the network namespace that the context belongs to.</summary>
    [Helper(122)]
    public static ulong GetNetnsCookie(void* context) => ManagedKernel.Current.NetnsCookie;

    /// <summary>Level 0: asks how many checksums the device has checked (0: the outermost one); negative where it has checked none.</summary>
    [Helper(135)]
    public static long CsumLevel(SkBuff* context, ulong level) => -13;

    /// <summary>Sends the packet out of a device, resolving the neighbour; the result is what the program returns.</summary>
    [Helper(152)]
    public static long RedirectNeigh(uint ifIndex, RedirectNeighbour* parameters, int size, ulong flags) =>
        ManagedKernel.Current.Redirect(ifIndex, flags);

    [Helper(169)]
    public static long TimerInit(Timer* timer, Map map, ulong flags) => ManagedKernel.Current.TimerInit(timer);

    /// <summary>Sets what the timer calls: <c>static int OnTimer(TMap map, TKey* key, TValue* value)</c>.</summary>
    [Helper(170)]
    public static long TimerSetCallback(Timer* timer, void* callback) => ManagedKernel.Current.TimerSetCallback(timer, callback);

    [Helper(171)]
    public static long TimerStart(Timer* timer, ulong nanoseconds, ulong flags) => ManagedKernel.Current.TimerStart(timer, nanoseconds);

    [Helper(172)]
    public static long TimerCancel(Timer* timer) => ManagedKernel.Current.TimerCancel(timer);

    /// <summary>Calls <paramref name="callback"/> (<c>static long Step(uint index, TContext* context)</c>) until it returns 1, at most <paramref name="count"/> times; returns how often it was called.</summary>
    [Helper(181)]
    public static long Loop(uint count, delegate*<uint, void*, long> callback, void* context, ulong flags)
    {
        for (uint i = 0; i < count; i++)
        {
            if (callback(i, context) != 0) return i + 1;
        }
        return count;
    }

    /// <summary>Sets what the system call returns (cgroup programs): 0 or a negative errno.</summary>
    [Helper(187)]
    public static int SetRetval(int value)
    {
        ManagedKernel.Current.Retval = value;
        return 0;
    }
}

/// <summary>Flags of <see cref="Helpers.SkbStoreBytes"/>.</summary>
public static class StoreFlags
{
    /// <summary>Keeps the sum that the device made of the packet true.</summary>
    public const ulong RecomputeChecksum = 1 << 0;
}

/// <summary>Modes of <see cref="Helpers.SkbAdjustRoom"/>.</summary>
public static class RoomMode
{
    /// <summary>Behind the network header.</summary>
    public const uint Network = 0;

    /// <summary>Behind the link header.</summary>
    public const uint Link = 1;
}

/// <summary>Flags of <see cref="Helpers.L4CsumReplace"/>.</summary>
public static class ChecksumFlags
{
    /// <summary>The value is part of the pseudo-header (addresses).</summary>
    public const ulong PseudoHeader = 1 << 4;

    /// <summary>A result of 0 is written as 0xffff, and a checksum of 0 (UDP without) is left alone.</summary>
    public const ulong MarkMangledZero = 1 << 5;
}

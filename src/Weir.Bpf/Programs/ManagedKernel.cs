using System.Buffers.Binary;

namespace Weir.Bpf.Programs;

/// <summary>What surrounds programs when they run managed: time, randomness, routes, and what they asked for.</summary>
public sealed unsafe class ManagedKernel
{
    [ThreadStatic]
    private static ManagedKernel? t_current;

    private readonly Dictionary<nint, (nint Callback, ulong Due)> _timers = [];
    private uint _random = 1;

    /// <summary>This thread's.</summary>
    public static ManagedKernel Current
    {
        get => t_current ??= new ManagedKernel();
        set => t_current = value;
    }

    /// <summary>Nanoseconds.</summary>
    public ulong Now { get; set; } = 1_000_000_000;

    public ulong SocketCookie { get; set; }

    public ulong NetnsCookie { get; set; }

    public int Retval { get; set; }

    /// <summary>Answers routing look-ups.</summary>
    public FibAnswer Routes { get; set; } = static (_, _) => FibLookupResult.NotForwarded;

    /// <summary>The last redirection: device and flags.</summary>
    public (uint IfIndex, ulong Flags)? Redirected { get; set; }

    /// <summary>A routing table.</summary>
    public delegate FibLookupResult FibAnswer(FibLookup* parameters, FibLookupFlags flags);

    /// <summary>Seeds the random numbers (xorshift32).</summary>
    public void Seed(uint seed) => _random = seed == 0 ? 1 : seed;

    /// <summary>The timers that are due at <see cref="Now"/>, for whoever knows the types of their maps to call: callback, timer.</summary>
    public IReadOnlyList<(nint Callback, nint Timer)> TakeDueTimers()
    {
        var due = new List<(nint, nint)>();
        foreach (var (timer, (callback, when)) in _timers)
        {
            if (when <= Now) due.Add((callback, timer));
        }
        foreach (var (callback, timer) in due) _timers[timer] = (callback, ulong.MaxValue);
        return due;
    }

    internal uint NextRandom()
    {
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        return _random;
    }

    internal long Redirect(uint ifIndex, ulong flags)
    {
        Redirected = (ifIndex, flags);
        return 7;
    }

    internal FibLookupResult FibLookup(FibLookup* parameters, FibLookupFlags flags) => Routes(parameters, flags);

    internal long TimerInit(Timer* timer)
    {
        _timers[(nint)timer] = (0, ulong.MaxValue);
        return 0;
    }

    internal long TimerSetCallback(Timer* timer, void* callback)
    {
        if (!_timers.TryGetValue((nint)timer, out var entry)) return -22;
        _timers[(nint)timer] = ((nint)callback, entry.Due);
        return 0;
    }

    internal long TimerStart(Timer* timer, ulong nanoseconds)
    {
        if (!_timers.TryGetValue((nint)timer, out var entry)) return -22;
        _timers[(nint)timer] = (entry.Callback, Now + nanoseconds);
        return 0;
    }

    internal long TimerCancel(Timer* timer)
    {
        if (!_timers.TryGetValue((nint)timer, out var entry)) return -22;
        _timers[(nint)timer] = (entry.Callback, ulong.MaxValue);
        return entry.Due == ulong.MaxValue ? 0 : 1;
    }

    internal static long StoreBytes(SkBuff* context, uint offset, void* from, uint length)
    {
        var bytes = ManagedPacket.Of(context).Bytes;
        if (offset > (uint)bytes.Length || length > (uint)bytes.Length - offset) return -14;
        new ReadOnlySpan<byte>(from, (int)length).CopyTo(bytes[(int)offset..]);
        return 0;
    }

    internal static long LoadBytes(SkBuff* context, uint offset, void* to, uint length)
    {
        var bytes = ManagedPacket.Of(context).Bytes;
        if (offset > (uint)bytes.Length || length > (uint)bytes.Length - offset)
        {
            new Span<byte>(to, (int)length).Clear();
            return -14;
        }
        bytes.Slice((int)offset, (int)length).CopyTo(new Span<byte>(to, (int)length));
        return 0;
    }

    /// <summary>RFC 1624, equation 3, on the 16-bit field at the offset.</summary>
    internal static long ReplaceChecksum(SkBuff* context, uint offset, ulong from, ulong to, ulong size, bool markMangledZero)
    {
        var bytes = ManagedPacket.Of(context).Bytes;
        if (offset > (uint)bytes.Length || (uint)bytes.Length - offset < 2) return -14;
        var field = bytes.Slice((int)offset, 2);
        var old = BinaryPrimitives.ReadUInt16LittleEndian(field);
        if (markMangledZero && old == 0) return 0;
        // The words are taken as the kernel does, in memory order: one's complement addition commutes with a swap of bytes.
        ulong sum = (ushort)~old;
        if (size == 0)
        {
            sum += (to & 0xffff) + ((to >> 16) & 0xffff);
        }
        else
        {
            sum += (ushort)~(from & 0xffff) + (to & 0xffff);
            if (size == 4) sum += (ushort)~((from >> 16) & 0xffff) + ((to >> 16) & 0xffff);
        }
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        var result = (ushort)~sum;
        if (markMangledZero && result == 0) result = 0xffff;
        BinaryPrimitives.WriteUInt16LittleEndian(field, result);
        return 0;
    }

    internal static long ChecksumDifference(uint* from, uint fromSize, uint* to, uint toSize, uint seed)
    {
        if ((fromSize | toSize) % 4 != 0) return -22;
        ulong sum = seed;
        for (uint i = 0; i < fromSize / 4; i++) sum += ~from[i];
        for (uint i = 0; i < toSize / 4; i++) sum += to[i];
        while (sum >> 32 != 0) sum = (sum & 0xffffffff) + (sum >> 32);
        return (long)sum;
    }
}

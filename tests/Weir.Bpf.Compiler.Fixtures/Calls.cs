using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Fixtures;

/// <summary>The kernel's window on a packet (struct bpf_dynptr); managed it holds what the fixtures ask for.</summary>
[BtfName("bpf_dynptr")]
[StructLayout(LayoutKind.Sequential, Size = 16)]
public struct Dynptr
{
    public ulong Length;
    public ulong Rest;
}

/// <summary>Inlined methods, static and global sub-programs, call-backs, kernel functions.</summary>
public static unsafe class Calls
{
    [Program("tc/ingress")]
    public static int Static(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Walk walk = default;
        walk.Stop = f->M;
        f->Out[0] = (ulong)Five(f->A, (byte)f->B, f->E, f->G, &walk);
        f->Out[1] = walk.Sum;
        f->Out[2] = IsOdd(f->A) ? 1ul : 2;
        f->Out[3] = (ulong)Signed((sbyte)f->A, (short)f->B);
        f->Out[4] = Colourful((Colour)(f->I & 7)) == Colour.Blue ? 7ul : 8;
        Nothing(&walk);
        f->Out[5] = walk.Stop;
        Entry* entry = Find(f->C & 7, f->A);
        f->Out[6] = entry == null ? 1 : entry->Count;
        return Nested(f->A, 3);
    }

    [Program("tc/ingress")]
    public static int Global(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Walk walk = default;
        walk.Stop = f->C;
        int whole = Whole(skb, &walk, f->D);
        // The packet is looked for again: the callee has the context.
        f = Frame.Of(skb);
        if (f == null) return -2;
        f->Out[0] = walk.Sum;
        f->Out[1] = Mark(skb, 5);
        f->Out[2] = (ulong)Shifted((short)f->L, (byte)f->K);
        return whole;
    }

    [Program("tc/ingress")]
    public static int RepeatedCallbacks(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Entry entry = default;
        entry.Last = f->C;
        entry.Flags = f->D & 63;
        f->Out[0] = (ulong)Helpers.Loop(f->C & 127, &Collatz, &entry, 0);
        f->Out[1] = entry.Count;
        f->Out[2] = entry.Last;
        // One function may be called back from several places, and called.
        f->Out[3] = (ulong)Helpers.Loop(3, &Collatz, &entry, 0);
        f->Out[4] = (ulong)Collatz(9, &entry);
        f->Out[5] = entry.Count;
        return (int)entry.Last;
    }

    [Program("tc/ingress")]
    public static int KernelFunctions(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Dynptr whole = default;
        int made = FromPacket(skb, 0, &whole);
        if (made != 0) return made;
        f->Out[0] = DynptrSize(&whole);
        LockRcu();
        f->Out[1] = f->G;
        UnlockRcu();
        return (int)DynptrSize(&whole) + f->A;
    }

    [Program("tc/ingress")]
    public static int HelperCalls(SkBuff* skb)
    {
        byte* bytes = stackalloc byte[24];
        if (Helpers.SkbLoadBytes(skb, 4, bytes, 24) != 0) return -1;
        uint* words = (uint*)bytes;
        words[0] ^= 0xFFFF;
        long stored = Helpers.SkbStoreBytes(skb, 64, bytes, 20, 0);
        long sum = Helpers.CsumDiff(null, 0, words, 24, 7);
        Frame* f = Frame.Of(skb);
        if (f == null) return -2;
        // Folded: older kernels give 32 bits, newer ones 16.
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        f->Out[15] = (ulong)(stored + sum);
        return (int)Helpers.SkbLoadBytes(skb, 100_000, bytes, 8);
    }

    [Subprogram]
    private static long Five(int a, byte b, long c, ulong d, Walk* walk)
    {
        walk->Sum += (ulong)c ^ d;
        return a + b * c;
    }

    [Subprogram]
    private static bool IsOdd(int value) => (value & 1) != 0;

    [Subprogram]
    private static short Signed(sbyte a, short b) => (short)(a * b);

    [Subprogram]
    private static Colour Colourful(Colour colour) => colour == Colour.Green ? Colour.Blue : colour;

    [Subprogram]
    private static void Nothing(Walk* walk) => walk->Stop ^= 0xFF;

    [Subprogram]
    private static Entry* Find(uint index, int by)
    {
        Entry* entry = MapsAndHelpers.Slots.At(index);
        if (entry != null) entry->Count += (ulong)by;
        return entry;
    }

    [Subprogram]
    private static int Nested(int value, int depth)
    {
        if (IsOdd(value)) return value * depth;
        return Deeper(value) - depth;
    }

    [Subprogram]
    private static int Deeper(int value) => IsOdd(value >> 1) ? 1000 : value;

    [Subprogram(Global = true)]
    public static int Whole(SkBuff* skb, Walk* walk, uint limit)
    {
        if (walk == null) return -1;
        walk->Sum = skb->Length + (ulong)walk->Stop;
        Frame* f = Frame.Of(skb);
        if (f == null) return -2;
        f->Out[7] = limit;
        return f->A > 0 ? 1 : 0;
    }

    [Subprogram(Global = true)]
    public static uint Mark(SkBuff* skb, uint by)
    {
        skb->Mark += by;
        return skb->Mark;
    }

    [Subprogram(Global = true)]
    public static long Shifted(short value, byte by) => (long)value << by;

    private static long Collatz(uint index, void* context)
    {
        Entry* entry = (Entry*)context;
        if (entry->Last <= 1 || index > entry->Flags) return 1;
        entry->Last = (entry->Last & 1) == 0 ? entry->Last / 2 : entry->Last * 3 + 1;
        entry->Count += entry->Last;
        return 0;
    }

    [Kfunc("bpf_dynptr_from_skb")]
    private static int FromPacket(SkBuff* skb, ulong flags, Dynptr* dynptr)
    {
        dynptr->Length = skb->Length;
        return 0;
    }

    [Kfunc("bpf_dynptr_size")]
    private static uint DynptrSize(Dynptr* dynptr) => (uint)dynptr->Length;

    [Kfunc("bpf_rcu_read_lock")]
    private static void LockRcu()
    {
    }

    [Kfunc("bpf_rcu_read_unlock")]
    private static void UnlockRcu()
    {
    }
}

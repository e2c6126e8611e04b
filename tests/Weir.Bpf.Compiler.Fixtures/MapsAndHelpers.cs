using System.Buffers.Binary;
using System.Threading;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Fixtures;

public struct Key
{
    public uint Address;
    public ushort Port;
    public ushort Pad;
}

public struct Entry
{
    public ulong Count;
    public uint Last;
    public uint Flags;
}

public struct Limits
{
    public uint Most;
    public byte Enabled;
}

public struct Walk
{
    public ulong Sum;
    public uint Stop;
}

/// <summary>Maps, helpers, tables, call-backs, sub-programs, intrinsics.</summary>
public static unsafe class MapsAndHelpers
{
    public static readonly HashMap<Key, Entry> Entries = new(64);
    public static readonly ArrayMap<Entry> Slots = new(8);
    public static readonly ArrayMap<uint> Words = new(4, MapFlags.None);
    public static readonly Constants<Limits> Limit = new();
    public static readonly ConstantTable<ushort> Table = new([3, 1, 4, 1, 5, 9, 2, 6]);
    public static readonly ConstantTable<byte> Few = new([7, 8]);
    public static readonly uint Seed = 0x9E3779B9u;
    private const int Shift = 3;

    [Program("tc/ingress")]
    public static int Counting(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Key key = default;
        key.Address = f->C & 3;
        key.Port = (ushort)(f->K & 1);
        Entry* entry = Entries.Lookup(&key);
        if (entry == null)
        {
            Entry fresh = default;
            fresh.Count = 1;
            fresh.Last = f->C;
            return (int)Entries.Update(&key, &fresh, UpdateMode.NoExist);
        }

        entry->Count += 2;
        entry->Flags |= f->D;
        Entry copy = *entry;
        f->Out[0] = copy.Count;
        f->Out[1] = copy.Flags + copy.Last;
        if (copy.Count > 5) Entries.Delete(&key);
        return 1;
    }

    [Program("tc/ingress")]
    public static int Arrays(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Entry* entry = Slots.At(f->C & 15);
        if (entry == null) return 2;
        entry->Count++;
        Interlocked.Add(ref entry->Count, f->G);
        f->Out[0] = entry->Count;
        f->Out[1] = Interlocked.Increment(ref entry->Last);
        f->Out[2] = Interlocked.Or(ref entry->Flags, f->D);
        f->Out[3] = Interlocked.Exchange(ref entry->Last, f->M);
        f->Out[4] = Interlocked.CompareExchange(ref entry->Last, f->N, f->M);
        f->Out[5] = entry->Last;
        uint* word = Words.At(1);
        if (word == null) return 3;
        *word += Seed;
        return (int)*word;
    }

    [Program("tc/ingress")]
    public static int Tables(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        f->Out[0] = Table.At(f->C & 15);
        f->Out[1] = Table.At(2) + (uint)Few.At(f->D & 1);
        f->Out[2] = (uint)(Few.At(1) + Few.At(f->C));
        f->Out[3] = Limit.Value->Most + (Limit.Value->Enabled != 0 ? 1u : 2u);
        f->Out[4] = f->G << Shift;
        return Table.At(5);
    }

    [Program("tc/ingress")]
    public static int Intrinsics(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        f->Out[0] = BinaryPrimitives.ReverseEndianness(f->K);
        f->Out[1] = (ulong)BinaryPrimitives.ReverseEndianness(f->L);
        f->Out[2] = BinaryPrimitives.ReverseEndianness(f->C);
        f->Out[3] = (ulong)BinaryPrimitives.ReverseEndianness(f->A);
        f->Out[4] = BinaryPrimitives.ReverseEndianness(f->G);
        f->Out[5] = (ulong)Math.Min(f->A, f->B) + Math.Max(f->C, f->D);
        f->Out[6] = (ulong)Math.Max(f->E, f->F);
        return BinaryPrimitives.ReverseEndianness(0x01020304);
    }

    [Program("tc/ingress")]
    public static int Callbacks(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Walk walk = default;
        walk.Stop = f->C & 31;
        long calls = Helpers.Loop(20, &Step, &walk, 0);
        f->Out[0] = walk.Sum;
        return (int)calls;
    }

    [Program("tc/ingress")]
    public static int Subprograms(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Walk walk = default;
        walk.Stop = f->D;
        int mixed = Mix(f->A, (byte)f->B, f->E);
        int checkedSum = Check(&walk, f->C);
        f->Out[0] = walk.Sum;
        f->Out[1] = (ulong)mixed;
        return checkedSum;
    }

    [Program("tc/ingress")]
    public static int ContextFields(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        skb->Mark = f->C;
        skb->ControlBlock[2] = f->D;
        skb->Priority += 3;
        f->Out[0] = skb->Length;
        f->Out[1] = skb->Mark + skb->ControlBlock[2];
        return (int)skb->Priority;
    }

    private static long Step(uint index, void* context)
    {
        Walk* walk = (Walk*)context;
        walk->Sum += index * 3;
        return index == walk->Stop ? 1 : 0;
    }

    [Subprogram]
    private static int Mix(int a, byte b, long c)
    {
        if (a > b) return a ^ (int)c;
        return b + (int)(c >> 32);
    }

    [Subprogram(Global = true)]
    public static int Check(Walk* walk, uint limit)
    {
        if (walk == null) return -1;
        walk->Sum = walk->Stop + (ulong)limit;
        return walk->Sum > 1000 ? 1 : 0;
    }
}

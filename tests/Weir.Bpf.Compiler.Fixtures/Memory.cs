using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Threading;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Fixtures;

public unsafe struct Buffers
{
    public fixed byte Bytes[6];
    public fixed short Shorts[3];
    public fixed uint Words[4];
    public fixed long Longs[2];
}

public struct Words
{
    public uint First;
    public uint Second;
    public ulong Long;
    public long Signed;
}

public unsafe struct Shared
{
    public volatile uint Word;
    public volatile byte Small;
    public fixed byte Bytes[8];
}

public unsafe struct Cursor
{
    public byte* At;
    public byte* End;
    public int Steps;
}

public ref struct Window
{
    public ref uint Word;
    public int Factor;
}

/// <summary>Atomics, volatile access, fixed buffers, pointers in memory, tables of every width, byte order.</summary>
public static unsafe class Memory
{
    public static readonly ArrayMap<Words> Totals = new(2);
    public static readonly ArrayMap<Words> Single = new(1);
    public static readonly HashMap<ulong, Pair<int, Point>> Pairs = new(16);
    public static readonly ConstantTable<sbyte> SignedBytes = new([-1, 2, -128, 127]);
    public static readonly ConstantTable<short> SignedShorts = new([-300, 300, short.MinValue]);
    public static readonly ConstantTable<int> Integers = new([-70000, 70000, int.MinValue, 5]);
    public static readonly ConstantTable<ulong> Longs = new([1, 0x8000000000000000, 0x1122334455667788]);
    public static readonly long Offset = -5;
    public static readonly bool IsOn = true;

    [Program("tc/ingress")]
    public static int Atomics(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Words* words = Totals.At(f->C & 1);
        if (words == null) return -2;
        Interlocked.Add(ref words->First, f->C);
        Interlocked.Increment(ref words->Second);
        Interlocked.Decrement(ref words->Long);
        Interlocked.And(ref words->Second, f->D | 0xFF);
        Interlocked.Or(ref words->Long, f->G & 0xF0F0);
        f->Out[0] = Interlocked.Add(ref words->Long, f->H);
        f->Out[1] = (ulong)Interlocked.Increment(ref words->Signed);
        f->Out[2] = (ulong)Interlocked.Decrement(ref words->Signed);
        f->Out[3] = Interlocked.And(ref words->First, f->D);
        f->Out[4] = Interlocked.Or(ref words->Long, f->G);
        f->Out[5] = (ulong)Interlocked.Exchange(ref words->Signed, f->E);
        f->Out[6] = (ulong)Interlocked.CompareExchange(ref words->Signed, f->F, f->E);
        f->Out[7] = Interlocked.CompareExchange(ref words->First, 7u, f->C);
        f->Out[8] = words->First + words->Long;
        return (int)words->Second;
    }

    [Program("tc/ingress")]
    public static int FixedBuffers(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Buffers b = default;
        for (int i = 0; i < 6; i++) b.Bytes[i] = (byte)(f->A >> i);
        for (int i = 0; i < 3; i++) b.Shorts[i] = (short)(f->B - i);
        for (int i = 0; i < 4; i++) b.Words[i] = f->C * (uint)i;
        b.Longs[0] = f->E;
        b.Longs[1] = -f->E;
        Buffers copy = b;
        copy.Words[f->D & 3] ^= 0xFFFF0000;
        ulong sum = 0;
        for (int i = 0; i < 6; i++) sum = sum * 31 + copy.Bytes[i];
        for (int i = 0; i < 3; i++) sum = sum * 31 + (ulong)copy.Shorts[i];
        for (int i = 0; i < 4; i++) sum = sum * 31 + copy.Words[i];
        f->Out[0] = sum;
        f->Out[1] = (ulong)(copy.Longs[0] + b.Longs[1]);
        f->Out[2] = (ulong)sizeof(Buffers);
        short* shorts = b.Shorts;
        shorts++;
        f->Out[3] = (ulong)shorts[1];
        return b.Bytes[5] + b.Shorts[0];
    }

    [Program("tc/ingress")]
    public static int Pointers(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Cursor cursor = default;
        cursor.At = (byte*)f;
        cursor.End = (byte*)f + 16;
        uint sum = 0;
        for (int i = 0; i < 6; i++)
        {
            // The verifier knows how far a packet reaches only from comparisons with its end.
            if (cursor.At + 1 > SkBuff.DataEnd(skb)) break;
            sum = sum * 7 + *cursor.At;
            Advance(ref cursor, 3);
        }

        f->Out[0] = sum;
        f->Out[1] = (ulong)cursor.Steps;
        f->Out[2] = (ulong)(cursor.At - (byte*)f) + (cursor.At > cursor.End ? 1000ul : 0);
        int local = f->B;
        int* pointer = &local;
        int** indirect = &pointer;
        **indirect += 3;
        *pointer *= 2;
        f->Out[3] = (ulong)local;
        Window window = new() { Word = ref f->C, Factor = 3 };
        window.Word *= (uint)window.Factor;
        f->Out[4] = window.Word;
        ref int chosen = ref f->A > 0 ? ref f->A : ref f->B;
        chosen++;
        f->Out[5] = *(ushort*)((byte*)f + 2);
        int backwards = *((int*)&f->C - 1);
        f->Out[6] = (ulong)backwards;
        return pointer == &local && indirect != null ? local : -2;
    }

    [Program("tc/ingress")]
    public static int TablesOfAllWidths(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        f->Out[0] = (ulong)SignedBytes.At(f->C & 7);
        f->Out[1] = (ulong)SignedShorts.At(f->C & 3);
        f->Out[2] = (ulong)Integers.At(f->D);
        f->Out[3] = Longs.At(f->C & 3);
        f->Out[4] = (ulong)(SignedBytes.At(2) + SignedShorts.At(0) + Offset);
        f->Out[5] = IsOn ? 1ul : 2;
        return Integers.At(2);
    }

    /// <summary>An array of one element has a known address; the same element is also reached by a look-up.</summary>
    [Program("tc/ingress")]
    public static int OnlyElement(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Words* words = Single.At(0);
        if (words == null) return -2;
        words->First += f->C;
        uint index = 0;
        Words* same = Single.Lookup(&index);
        if (same == null) return -3;
        same->First ^= f->D;
        f->Out[0] = words->First;
        Interlocked.Increment(ref words->Long);
        f->Out[1] = Single.At(0)->Long + (words != null ? 1ul : 2);
        Words* none = Single.At(1);
        f->Out[2] = none == null ? 3ul : none->Long;
        index = f->C & 1;
        Words* perhaps = Single.At(index);
        return perhaps == null ? 5 : (int)perhaps->First;
    }

    [Program("tc/ingress")]
    public static int VolatileAccess(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Words* words = Totals.At(0);
        if (words == null) return -2;
        uint first = Volatile.Read(ref words->First);
        Volatile.Write(ref words->First, first + f->C);
        f->Out[0] = Volatile.Read(ref words->First) - first;
        f->Out[1] = Unsafe.As<int, uint>(ref f->A);
        Shared shared = default;
        shared.Word = f->D;
        shared.Small = (byte)shared.Word;
        fixed (uint* word = &Word(f))
        {
            f->Out[3] = *word + shared.Small;
        }

        shared.Bytes[f->D & 7] = 5;
        ref readonly byte picked = ref Pick(in shared);
        f->Out[4] = picked;
        f->Out[2] = (ulong)Unsafe.SizeOf<Words>();
        return (int)first;
    }

    [Program("tc/ingress")]
    public static int ByteOrder(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        f->Out[0] = BinaryPrimitives.ReverseEndianness((ushort)f->A);
        f->Out[1] = (ulong)BinaryPrimitives.ReverseEndianness((short)f->A);
        f->Out[2] = BinaryPrimitives.ReverseEndianness(f->C + 1);
        f->Out[3] = (ulong)BinaryPrimitives.ReverseEndianness(f->E);
        f->Out[4] = BinaryPrimitives.ReverseEndianness(BinaryPrimitives.ReverseEndianness(f->D));
        f->Out[5] = BinaryPrimitives.ReverseEndianness(f->I);
        if (BinaryPrimitives.ReverseEndianness(f->K) == 0x0800) return 1;
        return BinaryPrimitives.ReverseEndianness((short)0x1234) + BinaryPrimitives.ReverseEndianness(f->A);
    }

    [Program("tc/ingress")]
    public static int GenericMaps(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        f->Out[0] = (ulong)Count(Pairs, f->G & 3, new Pair<int, Point> { First = f->A, Second = new Point(f->B, f->L) });
        ulong key = f->G & 3;
        Pair<int, Point>* pair = Pairs.Lookup(&key);
        if (pair == null) return -2;
        pair->Second.Move(3);
        Pair<int, Point> copy = *pair;
        return copy.Second.Sum() + copy.First;
    }

    private static ref uint Word(Frame* f) => ref f->C;

    private static ref readonly byte Pick(in Shared shared) => ref shared.Bytes[3];

    private static long Count<TKey, TValue>(HashMap<TKey, TValue> map, TKey key, TValue value)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        TValue* known = map.Lookup(&key);
        if (known != null) return sizeof(TValue);
        return map.Update(&key, &value, UpdateMode.Any);
    }

    private static void Advance(ref Cursor cursor, int by)
    {
        cursor.At += by;
        cursor.Steps++;
    }
}

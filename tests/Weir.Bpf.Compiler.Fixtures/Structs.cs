using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Fixtures;

public struct Point
{
    public int X;
    public short Y;
    public byte Z;
    public byte Pad;

    public Point(int x, short y)
    {
        X = x;
        Y = y;
        Z = 9;
        Pad = 0;
    }

    public readonly int Sum() => X + Y + Z;

    public void Move(int by)
    {
        X += by;
        Y -= (short)by;
    }
}

[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct Packed
{
    public byte First;
    public uint Second;
    public Point Third;
    public fixed byte Bytes[5];
}

[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct Overlaid
{
    [FieldOffset(0)] public ulong Whole;
    [FieldOffset(0)] public uint Low;
    [FieldOffset(4)] public uint High;
    [FieldOffset(8)] public byte Tail;
}

public struct Pair<TFirst, TSecond>
    where TFirst : unmanaged
    where TSecond : unmanaged
{
    public TFirst First;
    public TSecond Second;
}

/// <summary>Structs: nested, packed, overlaid, generic; by value, by reference, by pointer.</summary>
public static unsafe class Structs
{
    [Program("tc/ingress")]
    public static int Values(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Point p = new Point(f->A, f->L);
        Point q = p;
        q.Move(f->B);
        if (f->C > 10) p = q;
        f->Out[0] = (ulong)p.Sum();
        f->Out[1] = (ulong)q.X;
        f->Out[2] = (ulong)Twice(q).Y;
        f->Out[3] = (ulong)(f->A > 0 ? p : q).X;
        Point zero = default;
        f->Out[4] = (ulong)zero.Sum();
        for (int i = 0; i < 3; i++)
        {
            Point each = new Point(i, 1);
            each.Move(f->B);
            p.X += each.Sum();
        }

        Swap(ref p, ref q);
        f->Out[5] = (ulong)p.X;
        return q.X;
    }

    [Program("tc/ingress")]
    public static int Layouts(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Packed packed = default;
        packed.First = f->I;
        packed.Second = f->C;
        packed.Third = new Point(f->A, 3);
        packed.Bytes[2] = (byte)f->B;
        packed.Bytes[4] = 4;
        int total = 0;
        for (int i = 0; i < 5; i++) total += packed.Bytes[i];
        byte* raw = (byte*)&packed;
        for (int i = 0; i < sizeof(Packed); i++) total = total * 31 + raw[i];
        Overlaid overlaid = default;
        overlaid.Whole = f->G;
        overlaid.High ^= f->C;
        overlaid.Tail = 5;
        f->Out[0] = overlaid.Whole + overlaid.Low;
        f->Out[1] = (ulong)sizeof(Packed) + (ulong)sizeof(Overlaid) + (ulong)sizeof(Pair<byte, long>);
        return total;
    }

    [Program("tc/ingress")]
    public static int Generics(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Pair<byte, ulong> pair = Make(f->I, f->G);
        Pair<Point, Pair<int, int>> nested = default;
        nested.First = new Point(f->A, 2);
        nested.Second.First = f->B;
        nested.Second.Second = nested.First.X + nested.Second.First;
        f->Out[0] = pair.First + pair.Second;
        f->Out[1] = (ulong)Larger(nested.Second, 3);
        f->Out[2] = (ulong)Size<Pair<byte, short>>();
        return nested.Second.Second;
    }

    [Program("tc/ingress")]
    public static int References(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        int a = f->A, b;
        if (!TryHalve(in a, out b)) return 3;
        ref int larger = ref a;
        if (b > 100) larger = ref b;
        larger += 5;
        Point p = default;
        ref short y = ref p.Y;
        y = (short)(f->B + 1);
        Point* pointer = &p;
        pointer->X = a;
        pointer->Z = (byte)b;
        f->Out[0] = (ulong)p.Sum();
        f->Out[1] = (ulong)a;
        f->Out[2] = (ulong)b;
        return Chain(&p, 3);
    }

    [Program("tc/ingress")]
    public static int StackBytes(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        byte* buffer = stackalloc byte[16];
        for (int i = 0; i < 16; i++) buffer[i] = (byte)(f->A + i);
        Point* points = stackalloc Point[2];
        points[0].X = f->A;
        points[1] = points[0];
        points[1].Y = 7;
        ulong sum = 0;
        for (int i = 15; i >= 0; i--) sum = sum * 3 + buffer[i];
        f->Out[0] = sum;
        f->Out[1] = *(uint*)(buffer + 4);
        f->Out[2] = (ulong)(&points[1] - points);
        return points[1].Sum();
    }

    private static Point Twice(Point point)
    {
        point.X *= 2;
        point.Y *= 2;
        return point;
    }

    private static void Swap(ref Point a, ref Point b)
    {
        Point t = a;
        a = b;
        b = t;
    }

    private static Pair<TFirst, TSecond> Make<TFirst, TSecond>(TFirst first, TSecond second)
        where TFirst : unmanaged
        where TSecond : unmanaged => new() { First = first, Second = second };

    private static int Larger(Pair<int, int> pair, int bound)
    {
        if (pair.First > pair.Second) return pair.First + bound;
        return pair.Second - bound;
    }

    private static int Size<T>()
        where T : unmanaged => sizeof(T);

    private static bool TryHalve(in int value, out int half)
    {
        half = value >> 1;
        return value != 17;
    }

    private static int Chain(Point* point, int depth)
    {
        point->X += depth;
        return Last(point) + point->X;

        static int Last(Point* p) => p->Y * 2;
    }
}

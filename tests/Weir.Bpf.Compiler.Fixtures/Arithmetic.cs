using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Fixtures;

/// <summary>Integers of all widths.</summary>
public static unsafe class Arithmetic
{
    [Program("tc/ingress")]
    public static int Ints(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        int a = f->A, b = f->B;
        f->Out[0] = (ulong)(a + b);
        f->Out[1] = (ulong)(a - b) ^ (uint)(a * b);
        f->Out[2] = (ulong)((a & b) | (a ^ ~b));
        f->Out[3] = (ulong)(a << b) + (ulong)(a >> b) + (uint)(a >>> b);
        f->Out[4] = (ulong)-(long)a;
        f->Out[5] = (uint)-a;
        return a;
    }

    [Program("tc/ingress")]
    public static int Unsigned(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        uint c = f->C, d = f->D;
        f->Out[0] = c + d;
        f->Out[1] = c * d;
        f->Out[2] = c >> (int)d;
        f->Out[3] = d == 0 ? 7 : c / d;
        f->Out[4] = d == 0 ? 8 : c % d;
        f->Out[5] = (ulong)c * d;
        f->Out[6] = c - (ulong)d;
        f->Out[7] = c / 10 + c % 10;
        return (int)(c ^ d);
    }

    [Program("tc/ingress")]
    public static int Longs(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        long e = f->E, g = f->F;
        ulong h = f->H;
        f->Out[0] = (ulong)(e + g);
        f->Out[1] = (ulong)(e * g);
        f->Out[2] = (ulong)(e >> f->A);
        f->Out[3] = f->G >> f->B;
        f->Out[4] = h == 0 ? 1 : f->G / h;
        f->Out[5] = h == 0 ? 1 : f->G % h;
        f->Out[6] = (ulong)e << (int)f->C;
        f->Out[7] = (uint)e + (ulong)(int)g;
        return (int)e;
    }

    [Program("tc/ingress")]
    public static int SignedDivision(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        int a = f->A, b = f->B;
        if (b == 0 || b == -1) b = 3;
        long g = f->F;
        if (g == 0 || g == -1) g = 5;
        f->Out[0] = (ulong)(a / b);
        f->Out[1] = (ulong)(a % b);
        f->Out[2] = (ulong)(f->E / g);
        f->Out[3] = (ulong)(f->E % g);
        f->Out[4] = (ulong)(a / 7);
        f->Out[5] = (ulong)(a % -7);
        f->Out[6] = (ulong)(f->E / 8);
        return 0;
    }

    [Program("tc/ingress")]
    public static int Conversions(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        unchecked
        {
            f->Out[0] = (byte)f->A;
            f->Out[1] = (ulong)(sbyte)f->A;
            f->Out[2] = (ushort)f->E;
            f->Out[3] = (ulong)(short)f->G;
            f->Out[4] = (ulong)(long)(int)f->G + (char)f->C;
            f->Out[5] = (uint)f->J + (uint)f->L + f->I + f->K;
            f->Out[6] = (ulong)(f->J + f->L);
            byte small = (byte)(f->I + f->K);
            small += 200;
            short wrapped = (short)(f->L * 3);
            wrapped -= 7;
            f->Out[7] = small + (ulong)wrapped;
        }

        return f->J;
    }

    [Program("tc/ingress")]
    public static int Comparisons(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        int result = 0;
        if (f->A < f->B) result |= 1;
        if (f->A >= f->B) result |= 2;
        if (f->C < f->D) result |= 4;
        if (f->C > f->D) result |= 8;
        if (f->E <= f->F) result |= 16;
        if (f->G > f->H) result |= 32;
        if (f->I == f->K) result |= 64;
        if (f->J > f->L) result |= 128;
        bool both = f->A > 0 && f->B > 0;
        bool any = f->A > 0 || f->B > 0;
        f->Out[0] = both ? 1u : 0u;
        f->Out[1] = any != both ? 5ul : 6ul;
        f->Out[2] = !(f->C >= f->D) ? 3ul : 4;
        f->Out[3] = (f->C & 4) != 0 ? 1ul : 2;
        f->Out[4] = f->A == -1 ? 1ul : f->B == 0 ? 2ul : 3ul;
        return result;
    }
}

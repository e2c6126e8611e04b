using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Fixtures;

/// <summary>Every operator at every width: C# computes in 32 bits up to int and uint, in 64 above, and wraps small types only where they are stored.</summary>
public static unsafe class Widths
{
    [Program("tc/ingress")]
    public static int Bytes(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        byte a = f->I, b = (byte)f->K, divisor = (byte)(b | 1);
        f->Out[0] = (ulong)(a + b) ^ (ulong)(a - b) << 16;
        f->Out[1] = (ulong)(a * b);
        f->Out[2] = (ulong)(a / divisor) + 1000 * (ulong)(a % divisor);
        f->Out[3] = (ulong)(a << b) ^ (ulong)(a >> b);
        f->Out[4] = (ulong)~a + (ulong)-a;
        f->Out[5] = (ulong)(a & b) | (ulong)(a ^ b) << 8 | (ulong)(a | b) << 16;
        byte sum = (byte)(a + b), difference = (byte)(a - b), product = (byte)(a * b);
        f->Out[6] = sum | (ulong)difference << 8 | (ulong)product << 16;
        a++;
        b--;
        a <<= 1;
        b >>= 1;
        sum += a;
        sum -= b;
        sum ^= 0xA5;
        f->Out[7] = sum;
        f->Out[8] = a < b ? 1ul : a == b ? 2ul : 3ul;
        return a | b << 8;
    }

    [Program("tc/ingress")]
    public static int SignedBytes(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        sbyte a = f->J, b = (sbyte)f->I, divisor = (sbyte)(b | 1);
        f->Out[0] = (ulong)(a + b) ^ (ulong)(a - b) << 16;
        f->Out[1] = (ulong)(a * b);
        f->Out[2] = (ulong)(a / divisor);
        f->Out[3] = (ulong)(a % divisor);
        f->Out[4] = (ulong)(a << b) ^ (ulong)(a >> b) ^ (ulong)(a >>> b);
        f->Out[5] = (ulong)~a + (ulong)-a;
        sbyte sum = (sbyte)(a + b), difference = (sbyte)(a - b), product = (sbyte)(a * b);
        f->Out[6] = (ulong)sum;
        f->Out[7] = (ulong)(difference ^ product);
        a++;
        b--;
        a <<= 1;
        b >>= 1;
        a >>>= 2;
        f->Out[8] = (ulong)(a + b);
        f->Out[9] = a < b ? 1ul : a == b ? 2ul : 3ul;
        f->Out[10] = (byte)a | (ulong)(ushort)b << 8 | (ulong)(uint)a << 24;
        return a;
    }

    [Program("tc/ingress")]
    public static int Shorts(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        short a = f->L, b = (short)f->K, divisor = (short)(b | 1);
        f->Out[0] = (ulong)(a + b) ^ (ulong)(a - b) << 20;
        f->Out[1] = (ulong)(a * b);
        f->Out[2] = (ulong)(a / divisor);
        f->Out[3] = (ulong)(a % divisor);
        f->Out[4] = (ulong)(a << b) ^ (ulong)(a >> b) ^ (ulong)(a >>> b);
        short sum = (short)(a + b), product = (short)(a * b);
        f->Out[5] = (ulong)sum;
        f->Out[6] = (ulong)product;
        sum += a;
        product >>= 3;
        product /= divisor;
        f->Out[7] = (ulong)(sum ^ product);
        f->Out[8] = (byte)a | (ulong)(ushort)b << 8 | (ulong)(uint)a << 24;
        f->Out[9] = a <= b ? 1ul : 2ul;
        return -a;
    }

    [Program("tc/ingress")]
    public static int UnsignedShorts(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        ushort a = f->K, b = (ushort)f->L, divisor = (ushort)(b | 1);
        char letter = (char)(a + 3);
        f->Out[0] = (ulong)(a + b) ^ (ulong)(a - b) << 20;
        f->Out[1] = (ulong)(a * b);
        f->Out[2] = (ulong)(a / divisor) + 100000 * (ulong)(a % divisor);
        f->Out[3] = (ulong)(a << b) ^ (ulong)(a >> b);
        ushort sum = (ushort)(a + b), product = (ushort)(a * b);
        f->Out[4] = sum | (ulong)product << 16 | (ulong)letter << 32;
        sum += a;
        sum = (ushort)~sum;
        letter++;
        f->Out[5] = sum + (ulong)letter;
        f->Out[6] = (ulong)(sbyte)a + (ulong)(short)b;
        f->Out[7] = a >= b ? 1ul : 2ul;
        f->Out[8] = letter > 'z' ? 1ul : letter == 'a' ? 2ul : 3ul;
        return letter;
    }

    [Program("tc/ingress")]
    public static int Words(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        int a = f->A, b = f->B, divisor = b == 0 || b == -1 ? 9 : b;
        f->Out[0] = (ulong)(a + b) ^ (ulong)(a - b);
        f->Out[1] = (ulong)(a * b);
        f->Out[2] = (ulong)(a / divisor);
        f->Out[3] = (ulong)(a % divisor);
        f->Out[4] = (ulong)(a << b);
        f->Out[5] = (ulong)(a >> b);
        f->Out[6] = (ulong)(a >>> b);
        f->Out[7] = (ulong)(~a ^ -b);
        f->Out[8] = (ulong)(long)a + (uint)b;
        f->Out[9] = (ulong)((long)a * b);
        f->Out[10] = (ulong)(a / 10) ^ (ulong)(a % 10) << 32;
        f->Out[11] = (ulong)(a / -8) ^ (ulong)(a % 8) << 32;
        f->Out[12] = (ulong)(a << 31) ^ (ulong)(a >> 31) ^ (ulong)(a << 32);
        f->Out[13] = (ulong)(a / int.MinValue) + (ulong)(a % int.MinValue);
        a += b;
        a *= 7;
        a ^= b >> 2;
        a -= divisor;
        f->Out[14] = (ulong)a;
        return a++ + --a;
    }

    [Program("tc/ingress")]
    public static int UnsignedWords(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        uint a = f->C, b = f->D, divisor = b | 1;
        int count = f->A;
        f->Out[0] = (ulong)(a + b) ^ (ulong)(a - b) << 32;
        f->Out[1] = a * b;
        f->Out[2] = a / divisor;
        f->Out[3] = a % divisor;
        f->Out[4] = a << count;
        f->Out[5] = a >> count;
        f->Out[6] = (ulong)(-a) ^ ~b;
        f->Out[7] = (ulong)a * b;
        f->Out[8] = (ulong)(int)a;
        f->Out[9] = (ulong)(a + count);
        f->Out[10] = a / 7 ^ (ulong)(a % 1000) << 32;
        f->Out[11] = (ulong)(long)(int)(a ^ b);
        f->Out[12] = a > b ? 1ul : a < 5 ? 2ul : 3ul;
        a -= b;
        a >>= 3;
        a %= 97;
        f->Out[13] = a;
        return (int)(a << 30);
    }

    [Program("tc/ingress")]
    public static int DoubleWords(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        long a = f->E, b = f->F, divisor = b == 0 || b == -1 ? 11 : b;
        int count = f->B;
        f->Out[0] = (ulong)(a + b) ^ (ulong)(a - b);
        f->Out[1] = (ulong)(a * b);
        f->Out[2] = (ulong)(a / divisor);
        f->Out[3] = (ulong)(a % divisor);
        f->Out[4] = (ulong)(a << count);
        f->Out[5] = (ulong)(a >> count);
        f->Out[6] = (ulong)(a >>> count);
        f->Out[7] = (ulong)(~a ^ -b);
        f->Out[8] = (ulong)(int)a + (uint)b;
        f->Out[9] = (ulong)(short)a ^ (ulong)(sbyte)b << 8;
        f->Out[10] = (ulong)(a / 1000) ^ (ulong)(a % 1000);
        f->Out[11] = (ulong)(a / -16) ^ (ulong)(a % 16) << 7;
        f->Out[12] = (ulong)(a / long.MinValue) + (ulong)(a % long.MinValue);
        f->Out[13] = a < b ? 1ul : a > long.MaxValue - 5 ? 2ul : 3ul;
        a += count;
        a ^= 0x1122334455667788;
        a >>= 7;
        f->Out[14] = (ulong)a;
        return (int)(a >> 32);
    }

    [Program("tc/ingress")]
    public static int UnsignedDoubleWords(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        ulong a = f->G, b = f->H, divisor = b | 1;
        int count = f->A;
        f->Out[0] = (a + b) ^ (a - b);
        f->Out[1] = a * b;
        f->Out[2] = a / divisor;
        f->Out[3] = a % divisor;
        f->Out[4] = a << count;
        f->Out[5] = a >> count;
        f->Out[6] = ~a;
        f->Out[7] = (uint)a ^ (ulong)(ushort)b << 32 ^ (ulong)(byte)b << 56;
        f->Out[8] = (ulong)(long)(int)a;
        f->Out[9] = a / 10 ^ a % 10;
        f->Out[10] = a & 0xFF00FF00FF00FF00 | b & 0x00FF00FF00FF00FF;
        f->Out[11] = a > b ? 1ul : a < 0x8000000000000000 ? 2ul : 3ul;
        f->Out[12] = a >> 32 | b << 32;
        a++;
        a %= 0x100000001;
        f->Out[13] = a;
        return (int)(a ^ b);
    }

    [Program("tc/ingress")]
    public static int Native(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        nint a = (nint)f->E + f->A;
        nuint b = (nuint)f->G + f->C;
        f->Out[0] = (ulong)(a + f->B);
        f->Out[1] = b * 3;
        f->Out[2] = (ulong)(a >> 5) ^ (b >> 5);
        f->Out[3] = (ulong)(a / 7) ^ b % 9;
        f->Out[4] = (ulong)sizeof(nint) + (uint)b;
        f->Out[5] = a < 0 ? 1ul : b > 100 ? 2ul : 3ul;
        nint* pointer = &a;
        *pointer += 5;
        Halve(ref b);
        f->Out[6] = (ulong)*pointer ^ b;
        return (int)a;
    }

    private static void Halve(ref nuint value) => value /= 2;

    [Program("tc/ingress")]
    public static int Booleans(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        bool a = f->A > f->B, b = f->C == f->D, c = (f->I & 1) != 0;
        f->Out[0] = (a & b) ? 1ul : 2;
        f->Out[1] = (a | b) ? 1ul : 2;
        f->Out[2] = (a ^ c) ? 1ul : 2;
        f->Out[3] = (!a && (b || c)) ? 1ul : 2;
        bool d = a;
        d |= c;
        d &= !b;
        f->Out[4] = *(byte*)&d;
        return a == c ? 1 : b != c ? 2 : 3;
    }

    /// <summary>Division as it is written, unguarded: where C# throws, BPF goes on (see the architecture page).</summary>
    [Program("tc/ingress")]
    public static int Quotients(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        f->Out[0] = (ulong)(f->A / f->B);
        f->Out[1] = (ulong)(f->A % f->B);
        f->Out[2] = f->C / f->D;
        f->Out[3] = f->C % f->D;
        f->Out[4] = (ulong)(f->E / f->F);
        f->Out[5] = (ulong)(f->E % f->F);
        f->Out[6] = f->G / f->H;
        f->Out[7] = f->G % f->H;
        return 0;
    }
}

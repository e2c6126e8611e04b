using System;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Fixtures;

[Flags]
public enum Rights : ushort
{
    None = 0,
    Read = 1,
    Write = 2,
    All = 0x8003,
}

public enum Distance : long
{
    Near = -1,
    Far = 1L << 40,
}

/// <summary>An integer in network byte order that knows its operators.</summary>
public readonly struct Fraction(int numerator, int denominator)
{
    public readonly int Numerator = numerator;
    public readonly int Denominator = denominator;

    public static Fraction Half => new(1, 2);

    public int Whole => Denominator > 0 ? Numerator / Denominator : 0;

    public static Fraction operator +(Fraction a, Fraction b) => new(a.Numerator * b.Denominator + b.Numerator * a.Denominator, a.Denominator * b.Denominator);

    public static bool operator <(Fraction a, int b) => a.Numerator < b * a.Denominator;

    public static bool operator >(Fraction a, int b) => a.Numerator > b * a.Denominator;

    public static implicit operator Fraction(int value) => new(value, 1);

    public Fraction With(int numerator) => new(numerator, Denominator);
}

/// <summary>What C# makes of operators, properties, patterns, local functions, goto and nested loops.</summary>
public static unsafe class Language
{
    [Program("tc/ingress")]
    public static int Operators(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Fraction a = new((short)f->A, 3), b = (short)f->B;
        Fraction sum = a + b + Fraction.Half;
        f->Out[0] = (ulong)sum.Numerator;
        f->Out[1] = (ulong)sum.Denominator;
        f->Out[2] = sum < 5 ? 1ul : sum > 9 ? 2ul : 3ul;
        return sum.With(100).Whole;
    }

    [Program("tc/ingress")]
    public static int Enums(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        Rights rights = (Rights)f->K;
        rights &= Rights.All;
        if ((rights & Rights.Write) != 0) rights |= Rights.Read;
        f->Out[0] = (ulong)rights;
        Distance distance = f->A > 0 ? Distance.Far : Distance.Near;
        distance += f->B;
        f->Out[1] = (ulong)distance;
        f->Out[2] = rights switch
        {
            Rights.None => 1ul,
            Rights.Read or Rights.Write => 2,
            > Rights.Write and < Rights.All => 3,
            _ => 4,
        };
        f->Out[3] = distance is > Distance.Near and < Distance.Far ? 1ul : 0;
        return (int)~rights;
    }

    [Program("tc/ingress")]
    public static int Patterns(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        f->Out[0] = f->A is > 10 and < 1000 or -1 ? 1ul : 2;
        f->Out[1] = f->G switch
        {
            0 => 5,
            1 => 6,
            < 100 => 7,
            0x8000000000000000 => 8,
            ulong.MaxValue => 9,
            _ => f->G >> 60,
        };
        f->Out[2] = (f->A > 0, f->B > 0) switch
        {
            (true, true) => 1,
            (true, false) => 2,
            (false, true) => 3,
            _ => 4,
        };
        f->Out[3] = (ulong)(f->J switch { < -100 => -3, < 0 => -2, 0 => 0, 1 or 3 or 5 => 10, _ => 4 });
        return f->L switch { -2 => 1, -1 => 2, 0 => 3, 1 => 4, 2 => 5, 3 => 6, 1000 => 7, short.MaxValue => 8, _ => f->L };
    }

    [Program("tc/ingress")]
    public static int LocalFunctions(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        int total = 0, calls = 0;
        Add(f->A);
        Add(f->B);
        if (total > 0) Add(-5);
        f->Out[0] = (ulong)calls;
        return Twice(total);

        void Add(int value)
        {
            total += value;
            calls++;
        }

        static int Twice(int value) => value * 2;
    }

    [Program("tc/ingress")]
    public static int Jumps(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        int rounds = 0, found = -1;
        for (int i = 0; i < 6; i++)
        {
            for (int j = 0; j < 6; j++)
            {
                rounds++;
                if (i * 6 + j == f->I) goto done;
                if (j > i) break;
                if (((f->A >> j) & 1) == 0) continue;
                found = i * j;
            }
        }

        found += 100;
    done:
        f->Out[0] = (ulong)found;
        int n = f->B & 7;
    again:
        rounds += n;
        if (n-- > 0) goto again;
        return rounds;
    }

    [Program("tc/ingress")]
    public static int LongLoop(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        uint state = f->C | 1, most = f->D & 127;
        for (uint i = 0; i < most; i++)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            if (state == 0) return (int)i;
        }

        byte* bytes = (byte*)f;
        int ones = 0;
        for (int i = 0; i < 64; i++)
        {
            ones += bytes[i] & 1;
        }

        f->Out[0] = (ulong)ones;
        return (int)state;
    }

    [Program("tc/ingress")]
    public static int Conditionals(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        int a = f->A;
        a = a < 0 ? a == int.MinValue ? 0 : -a : a;
        long widened = f->C > 5 ? f->A : f->E;
        byte narrow = f->C > 7 ? f->I : (byte)f->K;
        f->Out[0] = (ulong)widened;
        f->Out[1] = narrow;
        Point p = f->B > 0 ? new Point(1, 2) : f->B < -5 ? new Point(f->A, 4) : default;
        f->Out[2] = (ulong)p.Sum();
        f->Out[3] = (f->A > 0 && f->B > 0) || (f->C < 3 && f->D != 4) ? 1ul : 0;
        f->Out[4] = f->G > f->H == f->E < f->F ? 1ul : 2;
        return f->A++ + ++f->A - f->B--;
    }
}

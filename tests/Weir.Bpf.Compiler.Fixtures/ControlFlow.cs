using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Fixtures;

public enum Colour : byte
{
    Red,
    Green,
    Blue = 7,
}

/// <summary>Loops, switches, conditions with values.</summary>
public static unsafe class ControlFlow
{
    [Program("tc/ingress")]
    public static int Loops(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        int sum = 0;
        for (int i = 0; i < 10; i++)
        {
            if ((i & 1) == 0) continue;
            sum += i * f->A;
            if (sum > 1000) break;
        }

        uint n = f->C & 15, product = 1;
        while (n > 0)
        {
            product *= 3;
            n--;
        }

        int rounds = 0;
        do
        {
            rounds++;
        }
        while (rounds < 5 && rounds < f->B);
        for (int i = 0; i < 4; i++)
        {
            for (int j = i; j < 4; j++) sum ^= i * j + rounds;
        }

        f->Out[0] = product;
        f->Out[1] = (ulong)rounds;
        return sum;
    }

    [Program("tc/ingress")]
    public static int Switches(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        switch (f->I)
        {
            case 0: f->Out[0] = 10; break;
            case 1:
            case 2: f->Out[0] = 20; break;
            case 3: f->Out[0] = 30; goto case 5;
            case 4: return 4;
            case 5: f->Out[1] = 50; break;
            case 100: f->Out[0] = 1000; break;
            case 200: f->Out[0] = 2000; break;
            default: f->Out[0] = 99; break;
        }

        f->Out[2] = (Colour)(f->K & 7) switch
        {
            Colour.Red => 1ul,
            Colour.Green => 2,
            Colour.Blue => 3,
            _ => 4,
        };
        f->Out[4] = f->E switch { -2 => 1, -1 => 2, 0 => 3, 1 => 4, 2 => 5, 3 => 6, 4 => 7, _ => 8 };
        f->Out[5] = f->G switch { 0x100000000 => 1, 0x100000001 => 2, 0x100000002 => 3, 0x100000003 => 4, 0x100000004 => 5, 0x100000005 => 6, 1 => 7, _ => 8ul };
        f->Out[6] = f->J switch { -3 => 1, -2 => 2, -1 => 3, 0 => 4, 1 => 5, 2 => 6, _ => 7ul };
        f->Out[7] = f->C switch { uint.MaxValue => 1, 0xFFFFFFFE => 2, 0xFFFFFFFD => 3, 0xFFFFFFFC => 4, 0xFFFFFFFB => 5, 0xFFFFFFFA => 6, 0 => 8, _ => 7ul };
        f->Out[3] = Name((Colour)(f->I & 3));
        return (f->A & 7) switch { 0 => 5, 1 => 6, 2 => 7, 3 => 8, 4 => 9, _ => f->B };
    }

    [Program("tc/ingress")]
    public static int Ternaries(SkBuff* skb)
    {
        Frame* f = Frame.Of(skb);
        if (f == null) return -1;
        int a = f->A;
        f->Out[(a > 0 ? 1 : 0) + (f->B > 0 ? 2 : 0)] = (ulong)((a > f->B ? a : f->B) + (f->C == 0 ? 1 : (int)f->D));
        uint* p = f->C > 5 ? &f->M : null;
        f->Out[4] = p != null ? *p : 77u;
        f->Out[5] = Both(a > 3, f->B < 3) ? 1u : 0;
        return Abs(a) + Clamp(f->B, -5, 5);
    }

    private static ulong Name(Colour colour)
    {
        if (colour == Colour.Red) return 100;
        if (colour == Colour.Green) return 200;
        return 300;
    }

    private static bool Both(bool a, bool b) => a && b;

    private static int Abs(int value) => value < 0 ? -value : value;

    private static int Clamp(int value, int low, int high)
    {
        if (value < low) return low;
        if (value > high) value = high;
        return value;
    }
}

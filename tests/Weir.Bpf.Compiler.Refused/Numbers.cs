using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Refused;

public struct Reading
{
    public uint Count;
    public float Value;
}

[InlineArray(4)]
public struct Four
{
    public int First;
}

[StructLayout(LayoutKind.Auto)]
public struct Automatic
{
    public byte A;
    public int B;
}

public struct Named
{
    public int Number;
    public string Name;
}

public struct Wide
{
    public uint Low;
    public UInt128 High;
}

/// <summary>Types that the kernel's programs do not have.</summary>
public static unsafe class Numbers
{
    [Program("tc/ingress")]
    public static int Float(SkBuff* skb)
    {
        float f = skb->Mark; // refused: floating point is not supported
        return f > 3 ? 1 : 2; // refused: floating point is not supported
    }

    [Program("tc/ingress")]
    public static int Double(SkBuff* skb)
    {
        double half = 0.5; // refused: floating point is not supported
        return half * skb->Mark > 3 ? 1 : 2; // refused: floating point is not supported
    }

    [Program("tc/ingress")]
    public static int FloatField(SkBuff* skb)
    {
        Reading reading = default; // refused: floating point is not supported
        return (int)reading.Count; // refused: floating point is not supported
    }

    [Program("tc/ingress")]
    public static int Decimal(SkBuff* skb)
    {
        decimal d = skb->Mark; // refused: Decimal.op_Implicit belongs to the runtime's library, which is not compiled
        return d == 3 ? 1 : 2; // refused: the constructor of Decimal belongs to the runtime's library, which is not compiled
    }

    [Program("tc/ingress")]
    public static int WideNumber(SkBuff* skb)
    {
        Int128 wide = skb->Mark; // refused: Int128.op_Implicit belongs to the runtime's library, which is not compiled
        return wide == 3 ? 1 : 2; // refused: Int128.op_Implicit belongs to the runtime's library, which is not compiled
    }

    [Program("tc/ingress")]
    public static int NullableNumber(SkBuff* skb)
    {
        uint? mark = skb->Mark; // refused: the constructor of Nullable belongs to the runtime's library, which is not compiled
        return mark.HasValue ? 1 : 2; // refused: Nullable.get_HasValue belongs to the runtime's library, which is not compiled
    }

    [Program("tc/ingress")]
    public static int Tuple(SkBuff* skb)
    {
        return Swap(default).Item1 > 3 ? 1 : 2; // refused: the struct ValueTuple has automatic layout
    }

    [Program("tc/ingress")]
    public static int AutomaticLayout(SkBuff* skb)
    {
        Automatic a = default; // refused: the struct Automatic has automatic layout
        return a.B; // refused: the struct Automatic has automatic layout
    }

    [Program("tc/ingress")]
    public static int InlineArray(SkBuff* skb)
    {
        Four four = default; // refused: the struct Four is an inline array; fixed buffers are supported
        return four.First; // refused: the struct Four is an inline array; fixed buffers are supported
    }

    [Program("tc/ingress")]
    public static int Reference(SkBuff* skb)
    {
        Named named = default; // refused: strings are not supported
        return named.Number; // refused: strings are not supported
    }

    [Program("tc/ingress")]
    public static int Counting(SkBuff* skb)
    {
        return BitOperations.PopCount(skb->Mark); // refused: BitOperations.PopCount belongs to the runtime's library, which is not compiled
    }

    [Program("tc/ingress")]
    public static int SquareRoot(SkBuff* skb)
    {
        return Math.Min(1.5f, 2) > 1 ? 1 : 2; // refused: floating point is not supported
    }

    [Program("tc/ingress")]
    public static int WideField(SkBuff* skb)
    {
        Wide wide = default; // refused: the type UInt128 is not supported
        return (int)wide.Low; // refused: the type UInt128 is not supported
    }

    private static (uint, uint) Swap((uint, uint) pair) => (pair.Item2, pair.Item1);
}

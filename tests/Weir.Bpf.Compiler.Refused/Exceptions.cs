using System;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Refused;

/// <summary>Nothing is thrown, and nothing caught.</summary>
public static unsafe class Exceptions
{
    [Program("tc/ingress")]
    public static int Throwing(SkBuff* skb)
    {
        if (skb->Mark == 1)
        {
            throw new InvalidOperationException(); // refused: exceptions are not supported
        }

        return 1;
    }

    [Program("tc/ingress")]
    public static int ThrowingDeep(SkBuff* skb)
    {
        return Check(skb->Mark) + Check(skb->Priority);
    }

    [Program("tc/ingress")]
    public static int Catching(SkBuff* skb)
    {
        try
        {
            return (int)skb->Mark; // refused: exception handling (try, using, lock, foreach over an enumerator) is not supported
        }
        catch (DivideByZeroException)
        {
            return 1;
        }
    }

    [Program("tc/ingress")]
    public static int Finally(SkBuff* skb)
    {
        try
        {
            skb->Mark++; // refused: exception handling (try, using, lock, foreach over an enumerator) is not supported
        }
        finally
        {
            skb->Priority = 1;
        }

        return 1;
    }

    [Program("tc/ingress")]
    public static int CheckedAddition(SkBuff* skb)
    {
        return checked((int)skb->Length + (int)skb->Mark); // refused: checked arithmetic is not supported
    }

    [Program("tc/ingress")]
    public static int CheckedConversion(SkBuff* skb)
    {
        return checked((byte)skb->Mark); // refused: checked arithmetic is not supported
    }

    [Program("tc/ingress")]
    public static int CheckedConstant(SkBuff* skb)
    {
        int most = int.MaxValue;
        return checked(most + 1); // refused: a checked operation on constants overflows
    }

    [Program("tc/ingress")]
    public static int DividedByZero(SkBuff* skb)
    {
        int zero = 0;
        return (int)skb->Mark / zero; // refused: division by zero
    }

    private static int Check(uint value) => value < 5 ? 1 : throw new ArgumentException("value"); // refused: exceptions are not supported
}

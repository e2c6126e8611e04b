using System;
using System.Collections.Generic;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Refused;

public sealed class Box
{
    public int Value;

    public int Twice() => Value * 2;
}

/// <summary>There is no heap.</summary>
public static unsafe class Heap
{
    [Program("tc/ingress")]
    public static int NewObject(SkBuff* skb)
    {
        var o = new object(); // refused: an object of the class Object is made; there is no heap
        return o == null ? 1 : 0;
    }

    [Program("tc/ingress")]
    public static int NewClass(SkBuff* skb)
    {
        var box = new Box(); // refused: an object of the class Box is made; there is no heap
        return 1;
    }

    [Program("tc/ingress")]
    public static int NewArray(SkBuff* skb)
    {
        var array = new int[4]; // refused: arrays are not supported (constants: ConstantTable<T>; on the stack: fixed buffers and stackalloc)
        return 1;
    }

    [Program("tc/ingress")]
    public static int NewList(SkBuff* skb)
    {
        var list = new List<int>(); // refused: an object of the class List is made; there is no heap
        return 1;
    }

    [Program("tc/ingress")]
    public static int Text(SkBuff* skb)
    {
        var text = "text"; // refused: strings are not supported
        return text.Length; // refused: String.get_Length belongs to the runtime's library, which is not compiled
    }

    [Program("tc/ingress")]
    public static int Joined(SkBuff* skb)
    {
        return (skb->Mark + "x").Length; // refused: UInt32.ToString belongs to the runtime's library, which is not compiled
    }

    [Program("tc/ingress")]
    public static int Boxing(SkBuff* skb)
    {
        object o = skb->Mark; // refused: boxing is not supported
        return o == null ? 1 : 2;
    }

    [Program("tc/ingress")]
    public static int Lambda(SkBuff* skb)
    {
        Func<int, int> f = x => x + 1; // refused: delegates are not supported; helpers take function pointers
        return 1;
    }

    [Program("tc/ingress")]
    public static int MethodGroup(SkBuff* skb)
    {
        Action a = Nothing; // refused: delegates are not supported; helpers take function pointers
        return 1;
    }

    [Program("tc/ingress")]
    public static int Iterating(SkBuff* skb)
    {
        foreach (var i in Numbers()) // refused: exception handling (try, using, lock, foreach over an enumerator) is not supported
        {
            if (i == 2) return i;
        }

        return 1;
    }

    [Program("tc/ingress")]
    public static int SpanOnStack(SkBuff* skb)
    {
        Span<byte> bytes = stackalloc byte[8]; // refused: the constructor of Span belongs to the runtime's library, which is not compiled
        return 1;
    }

    [Program("tc/ingress")]
    public static int TypeOf(SkBuff* skb)
    {
        return typeof(int) == typeof(uint) ? 1 : 2; // refused: reflection is not supported
    }

    private static void Nothing()
    {
    }

    private static IEnumerable<int> Numbers()
    {
        yield return 1;
        yield return 2;
    }
}

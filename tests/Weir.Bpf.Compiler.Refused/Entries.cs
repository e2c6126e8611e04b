using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Refused;

/// <summary>Entry points are of one form.</summary>
public static unsafe class Entries
{
    [Program("tc/ingress")]
    public static void Nothing(SkBuff* skb)
    {
        skb->Mark = 1; // refused: the program Nothing is not of the form static int Nothing(TContext* context)
    }

    [Program("tc/ingress")]
    public static int TwoArguments(SkBuff* skb, int more)
    {
        return more; // refused: the program TwoArguments is not of the form static int TwoArguments(TContext* context)
    }

    [Program("tc/ingress")]
    public static int OfInteger(int context)
    {
        return context; // refused: the program OfInteger is not of the form static int OfInteger(TContext* context)
    }

    [Program("tc/ingress")]
    public static int Generic<T>(SkBuff* skb)
        where T : unmanaged
    {
        return sizeof(T); // refused: the program Generic is generic
    }
}

public unsafe struct Stateful
{
    [Program("tc/ingress")]
    public int OnInstance(SkBuff* skb)
    {
        return 1; // refused: Stateful.OnInstance is not a static method with a body
    }
}

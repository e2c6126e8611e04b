using System.Runtime.CompilerServices;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Refused;

public unsafe struct Huge
{
    public fixed ulong Words[80];
}

/// <summary>Pointers are no integers, the stack is small, and contexts are read field by field.</summary>
public static unsafe class Memory
{
    [Program("tc/ingress")]
    public static int VariableStackalloc(SkBuff* skb)
    {
        byte* bytes = stackalloc byte[(int)skb->Mark]; // refused: a stackalloc has a size that is not a constant
        return bytes[1];
    }

    [Program("tc/ingress")]
    public static int StackallocInLoop(SkBuff* skb)
    {
        int* last = null;
        for (int i = 0; i < 3; i++)
        {
            int* next = stackalloc int[2]; // refused: a stackalloc in a loop is not supported: each round would need new bytes
            next[0] = i;
            last = next;
        }

        return *last;
    }

    [Program("tc/ingress")]
    public static int LargeStack(SkBuff* skb)
    {
        Huge huge = default; // refused: LargeStack needs 640 bytes of stack; at most 512 are allowed
        for (int i = 0; i < 80; i++) huge.Words[i] = skb->Mark;
        return Sum(&huge);
    }

    [Program("tc/ingress")]
    public static int DeepStack(SkBuff* skb)
    {
        ulong* words = stackalloc ulong[30];
        words[skb->Mark & 15] = skb->Length;
        return Deeper(words) + (int)words[3];
    }

    [Program("tc/ingress")]
    public static int PointerAsInteger(SkBuff* skb)
    {
        return Upper((ulong)skb); // refused: a pointer becomes an integer
    }

    [Program("tc/ingress")]
    public static int PointerMasked(SkBuff* skb)
    {
        return ((long)SkBuff.Data(skb) & 7) == 0 ? 1 : 2; // refused: a pointer is used as an integer: pointers are only added to, subtracted from and compared
    }

    [Program("tc/ingress")]
    public static int IntegerAsPointer(SkBuff* skb)
    {
        byte* memory = (byte*)(ulong)skb->Mark; // refused: an integer becomes a pointer
        return *memory;
    }

    [Program("tc/ingress")]
    public static int PointerCut(SkBuff* skb)
    {
        return (int)SkBuff.Data(skb); // refused: a pointer is converted to a smaller integer
    }

    [Program("tc/ingress")]
    public static int WholeContext(SkBuff* skb)
    {
        SkBuff copy = *skb; // refused: a context is read field by field
        return (int)copy.Mark;
    }

    [Program("tc/ingress")]
    public static int ContextAtVariable(SkBuff* skb)
    {
        return (int)skb->ControlBlock[skb->Mark & 3]; // refused: a field of the context is reached through a variable offset
    }

    [Program("tc/ingress")]
    public static int Filling(SkBuff* skb)
    {
        ulong word = 0;
        Unsafe.InitBlock(&word, 0xFF, 8); // refused: Unsafe.InitBlock belongs to the runtime's library, which is not compiled
        return 1;
    }

    private static int Upper(ulong value) => (int)(value >> 32);

    [Subprogram]
    private static int Sum(Huge* huge) => (int)huge->Words[7];

    [Subprogram]
    private static int Deeper(ulong* words)
    {
        ulong* more = stackalloc ulong[40]; // refused: the chain of calls DeepStack, Deeper needs 576 bytes of stack; at most 512 are allowed
        more[words[1] & 15] = words[2];
        return (int)more[words[0] & 31];
    }
}

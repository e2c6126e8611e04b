using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Refused;

public interface ISized
{
    int Size { get; }

    static abstract int Most { get; }
}

public abstract class Shape
{
    public abstract int Area();
}

public struct Square : ISized
{
    public int Side;

    public static int Most => 9;

    public readonly int Size => Side * Side;
}

public struct Large
{
    public ulong A, B, C;
}

public struct Twice<T>
{
    public T First, Second;
}

/// <summary>What is called must be known when the program is built, and fit in five registers where it is not inlined.</summary>
public static unsafe class Dispatch
{
    [Program("tc/ingress")]
    public static int Constrained(SkBuff* skb)
    {
        return SizeOf(new Square());
    }

    [Program("tc/ingress")]
    public static int StaticAbstract(SkBuff* skb)
    {
        return MostOf<Square>();
    }

    [Program("tc/ingress")]
    public static int Virtual(SkBuff* skb)
    {
        Shape shape = null!;
        return shape.Area(); // refused: Shape.Area is virtual; virtual calls are not supported
    }

    [Program("tc/ingress")]
    public static int Instance(SkBuff* skb)
    {
        Box box = null!;
        return box.Twice(); // refused: Box.Twice is a method of a class; only maps are objects
    }

    [Program("tc/ingress")]
    public static int TypeTest(SkBuff* skb)
    {
        Shape shape = null!;
        return shape is Circle ? 1 : 2; // refused: type tests are not supported
    }

    [Program("tc/ingress")]
    public static int Indirect(SkBuff* skb)
    {
        delegate*<int, int> f = &Plus;
        return f(3); // refused: calls through function pointers are not supported; helpers call back
    }

    [Program("tc/ingress")]
    public static int Native(SkBuff* skb)
    {
        return getpid(); // refused: Dispatch.getpid has no body in C#
    }

    [Program("tc/ingress")]
    public static int Recursive(SkBuff* skb)
    {
        return Factorial((int)skb->Mark);
    }

    [Program("tc/ingress")]
    public static int Mutual(SkBuff* skb)
    {
        return IsEven(skb->Mark) ? 1 : 2;
    }

    [Program("tc/ingress")]
    public static int RecursiveSubprogram(SkBuff* skb)
    {
        return Down((int)skb->Mark);
    }

    [Program("tc/ingress")]
    public static int SixArguments(SkBuff* skb)
    {
        return Six(1, 2, 3, 4, 5, 6); // refused: Dispatch.Six has 6 parameters; a function that is not inlined has at most 5
    }

    [Program("tc/ingress")]
    public static int StructArgument(SkBuff* skb)
    {
        Large large = default;
        return ByValue(large); // refused: Dispatch.ByValue takes a struct by value; a function that is not inlined takes it by pointer
    }

    [Program("tc/ingress")]
    public static int StructResult(SkBuff* skb)
    {
        return (int)Made().A; // refused: Dispatch.Made returns a struct; a function that is not inlined returns a scalar
    }

    [Program("tc/ingress")]
    public static int HelperWithSix(SkBuff* skb)
    {
        return (int)Unknown(skb, 1, 2, 3, 4, 5); // refused: Dispatch.Unknown takes more than 5 arguments
    }

    [Program("tc/ingress")]
    public static int HelperWithStruct(SkBuff* skb)
    {
        return (int)Taking(default); // refused: Dispatch.Taking takes a struct by value
    }

    [Program("tc/ingress")]
    public static int EverLarger(SkBuff* skb)
    {
        return Grow<Square>(skb->Mark);
    }

    private static int Grow<T>(uint depth)
        where T : unmanaged => depth == 0 ? sizeof(T) : Grow<Twice<T>>(depth - 1); // refused: more than 100 calls nest inside of each other at Dispatch.Grow

    private static int SizeOf<T>(T value)
        where T : ISized => value.Size; // refused: virtual calls are not supported

    private static int MostOf<T>()
        where T : ISized => T.Most; // refused: virtual calls are not supported

    private static int Plus(int value) => value + 1;

    private static int Factorial(int n) => n <= 1 ? 1 : n * Factorial(n - 1); // refused: Dispatch.Factorial calls itself: recursion is not supported

    private static bool IsEven(uint n) => n == 0 || IsOdd(n - 1);

    private static bool IsOdd(uint n) => n != 0 && IsEven(n - 1); // refused: Dispatch.IsEven calls itself: recursion is not supported

    [Subprogram]
    private static int Down(int n) => n <= 0 ? 0 : Down(n - 1); // refused: Down calls itself: recursion is not supported

    [Subprogram]
    private static int Six(int a, int b, int c, int d, int e, int f) => a + b + c + d + e + f;

    [Subprogram]
    private static int ByValue(Large large) => (int)large.A;

    [Subprogram]
    private static Large Made() => default;

    [Helper(5)]
    private static long Unknown(SkBuff* skb, int a, int b, int c, int d, int e) => 0;

    [Helper(5)]
    private static long Taking(Large large) => 0;

    [DllImport("libc")]
    private static extern int getpid();
}

public sealed class Circle : Shape
{
    public override int Area() => 3;
}

using System;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Refused;

/// <summary>State lives in maps; a static field is a constant.</summary>
public static unsafe class State
{
    public static readonly HashMap<uint, uint> Sized = new((uint)Environment.ProcessorCount);
    public static readonly HashMap<uint, uint> ANameThatIsTooLong = new(4);
    public static readonly ConstantTable<Square> Squares = new([new Square { Side = 1 }]);
    public static readonly int Computed = Environment.ProcessorCount;
    public static readonly int[] Array = [1, 2, 3];
    public static readonly Square Unit = new() { Side = 1 };
    public static readonly string Name = "x";
    public static readonly int Changed = 1;
    private static int s_counter;
    private static int s_other = 3;

    static State()
    {
        if (Environment.ProcessorCount > 1) Changed = 2;
    }

    [Program("tc/ingress")]
    public static int Writing(SkBuff* skb)
    {
        s_counter = 1; // refused: static fields cannot be written; state lives in maps
        return 1;
    }

    [Program("tc/ingress")]
    public static int Counting(SkBuff* skb)
    {
        s_counter++; // refused: the static field s_counter is not readonly; state lives in maps
        return 1;
    }

    [Program("tc/ingress")]
    public static int Reading(SkBuff* skb)
    {
        return s_other; // refused: the static field s_other is not readonly; state lives in maps
    }

    [Program("tc/ingress")]
    public static int Address(SkBuff* skb)
    {
        return Take(ref s_counter); // refused: the address of a static field is not supported; state lives in maps
    }

    [Program("tc/ingress")]
    public static int NotConstant(SkBuff* skb)
    {
        return Computed; // refused: the initialiser of the static field Computed is not a constant, a map or a table of constants
    }

    [Program("tc/ingress")]
    public static int ChangedLater(SkBuff* skb)
    {
        return Changed; // refused: the initialiser of the static field Changed is not a constant, a map or a table of constants
    }

    [Program("tc/ingress")]
    public static int StaticArray(SkBuff* skb)
    {
        return Array[1]; // refused: the initialiser of the static field Array is not a constant, a map or a table of constants
    }

    [Program("tc/ingress")]
    public static int StaticStruct(SkBuff* skb)
    {
        return Unit.Side; // refused: the address of a static field is not supported; state lives in maps
    }

    [Program("tc/ingress")]
    public static int StackallocOfConstants(SkBuff* skb)
    {
        int* numbers = stackalloc int[] { 1, 2, 3 }; // refused: an initialiser of constants is not supported here (constants: ConstantTable<T>)
        return numbers[skb->Mark & 1];
    }

    [Program("tc/ingress")]
    public static int StaticText(SkBuff* skb)
    {
        return Name.Length; // refused: the initialiser of the static field Name is not a constant, a map or a table of constants
    }

    [Program("tc/ingress")]
    public static int MapOfVariableSize(SkBuff* skb)
    {
        uint key = 1;
        return Sized.Lookup(&key) == null ? 1 : 2; // refused: an argument of the map Sized is not a constant
    }

    [Program("tc/ingress")]
    public static int LongName(SkBuff* skb)
    {
        uint key = 1;
        return ANameThatIsTooLong.Lookup(&key) == null ? 1 : 2; // refused: the map's name ANameThatIsTooLong is longer than 15 characters or has others than letters, digits and underscores
    }

    [Program("tc/ingress")]
    public static int TableOfStructs(SkBuff* skb)
    {
        return Squares.At(0).Side; // refused: the initialiser of the static field Squares is not a constant, a map or a table of constants
    }

    [Program("tc/ingress")]
    public static int Twins(SkBuff* skb)
    {
        uint key = 1;
        if (First.Twin.Lookup(&key) != null) return 3;
        return Second.Twin.Lookup(&key) == null ? 1 : 2; // refused: two maps are named Twin
    }

    private static int Take(ref int value) => value;

    public static class First
    {
        public static readonly HashMap<uint, uint> Twin = new(4);
    }

    public static class Second
    {
        public static readonly HashMap<uint, uint> Twin = new(4);
    }
}

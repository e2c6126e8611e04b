using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>What an instruction is before it is encoded.</summary>
internal enum MachineKind
{
    /// <summary>Arithmetic and moves; <see cref="MachineInstruction.Operation"/> is BPF_ADD and so on.</summary>
    Alu,
    /// <summary>A constant of 64 bits, or a map's, map value's or function's address (<see cref="MachineInstruction.Symbol"/>).</summary>
    LoadImmediate,
    /// <summary>The frame pointer plus a slot's place: two instructions.</summary>
    StackAddress,
    Load,
    Store,
    StoreImmediate,
    /// <summary>BPF_ATOMIC; <see cref="MachineInstruction.Immediate"/> is the operation.</summary>
    Atomic,
    CallHelper,
    CallKfunc,
    CallFunction,
    /// <summary>Destination = comparison ? 1 : 0, over <see cref="MachineInstruction.Left"/> and source or immediate.</summary>
    SetCondition,
    /// <summary>Compares destination with source or immediate; true to the block's first target, else to its second.</summary>
    Branch,
    Jump,
    Exit,
}

/// <summary>
/// An instruction over registers: 0 to 10 are the machine's, larger numbers are virtual until the allocator has run. A memory access whose
/// <see cref="Symbol"/> is a <see cref="StackSlot"/> goes through r10, and its offset is within the slot.
/// </summary>
internal sealed class MachineInstruction(MachineKind kind)
{
    public const int None = -1;
    public const int FramePointer = 10;
    public const int FirstVirtual = 16;

    public MachineKind Kind { get; set; } = kind;

    /// <summary>The high four bits of the code: BPF_ADD…, or the jump's comparison.</summary>
    public byte Operation { get; set; }

    /// <summary>64-bit arithmetic or comparison; else 32-bit.</summary>
    public bool Is64 { get; set; }

    public int Destination { get; set; } = None;

    /// <summary>Source register; none when the immediate is the operand.</summary>
    public int Source { get; set; } = None;

    /// <summary>The left operand of <see cref="MachineKind.SetCondition"/>.</summary>
    public int Left { get; set; } = None;

    /// <summary>Displacement of a memory access.</summary>
    public int Offset { get; set; }

    /// <summary>Width of a memory access in bytes.</summary>
    public int Size { get; set; }

    public long Immediate { get; set; }

    public object? Symbol { get; set; }

    /// <summary>How many argument registers a call reads; for an exit 1 if r0 is read.</summary>
    public int Arguments { get; set; }

    /// <summary>The first of several stores that together overwrite the whole slot.</summary>
    public bool KillsSlot { get; set; }

    public SourceLocation? Location { get; set; }

    public bool IsCall => Kind is MachineKind.CallHelper or MachineKind.CallKfunc or MachineKind.CallFunction;

    /// <summary>A copy between two registers.</summary>
    public bool IsMove => Kind == MachineKind.Alu && Operation == Isa.Move && Is64 && Source != None;

    /// <summary>An atomic whose source receives the old value.</summary>
    public bool Fetches => Kind == MachineKind.Atomic && (Immediate & Isa.Fetch) != 0 && Immediate != Isa.CompareExchange;

    /// <summary>The registers that it reads.</summary>
    public void AddUses(List<int> uses)
    {
        switch (Kind)
        {
            case MachineKind.Alu:
                if (Operation != Isa.Move)
                {
                    Add(Destination);
                }

                Add(Source);
                break;
            case MachineKind.Load:
                Add(Source);
                break;
            case MachineKind.Store:
            case MachineKind.Branch:
                Add(Destination);
                Add(Source);
                break;
            case MachineKind.StoreImmediate:
                Add(Destination);
                break;
            case MachineKind.Atomic:
                Add(Destination);
                Add(Source);
                if (Immediate == Isa.CompareExchange)
                {
                    Add(0);
                }

                break;
            case MachineKind.SetCondition:
                Add(Left);
                Add(Source);
                break;
            case MachineKind.CallHelper or MachineKind.CallKfunc or MachineKind.CallFunction:
                for (var i = 1; i <= Arguments; i++)
                {
                    Add(i);
                }

                break;
            case MachineKind.Exit:
                if (Arguments > 0)
                {
                    Add(0);
                }

                break;
        }

        void Add(int register)
        {
            if (register != None && register != FramePointer)
            {
                uses.Add(register);
            }
        }
    }

    /// <summary>The registers that it writes or destroys.</summary>
    public void AddDefinitions(List<int> definitions)
    {
        switch (Kind)
        {
            case MachineKind.Alu or MachineKind.LoadImmediate or MachineKind.StackAddress or MachineKind.Load or MachineKind.SetCondition:
                definitions.Add(Destination);
                break;
            case MachineKind.Atomic:
                if (Immediate == Isa.CompareExchange)
                {
                    definitions.Add(0);
                }
                else if (Fetches)
                {
                    definitions.Add(Source);
                }

                break;
            case MachineKind.CallHelper or MachineKind.CallKfunc or MachineKind.CallFunction:
                for (var i = 0; i <= 5; i++)
                {
                    definitions.Add(i);
                }

                break;
        }
    }

    /// <summary>Whether the other does exactly the same, apart from where it comes from.</summary>
    public bool SameAs(MachineInstruction other) =>
        Kind == other.Kind && Operation == other.Operation && Is64 == other.Is64 && Destination == other.Destination && Source == other.Source
        && Left == other.Left && Offset == other.Offset && Size == other.Size && Immediate == other.Immediate
        && ReferenceEquals(Symbol, other.Symbol) && Arguments == other.Arguments;
}

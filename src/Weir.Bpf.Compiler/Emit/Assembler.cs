using Weir.Bpf.Compiler.Ir;
using Weir.Bpf.Instructions;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>Encodes the functions of one program, one after the other, and resolves jumps and calls between them.</summary>
internal sealed class Assembler
{
    private readonly List<(int At, Function Target)> _calls = [];
    private readonly List<(int At, MachineBlock Target)> _jumps = [];
    private readonly Dictionary<MachineBlock, int> _blockStarts = new(ReferenceEqualityComparer.Instance);

    public List<Instruction> Instructions { get; } = [];

    public List<Relocation> Relocations { get; } = [];

    /// <summary>Where each function begins.</summary>
    public Dictionary<Function, int> Starts { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The source of an instruction and the following ones; ascending.</summary>
    public List<(int At, SourceLocation Location)> Lines { get; } = [];

    public void Add(MachineFunction function)
    {
        Starts.Add(function.Source, Instructions.Count);
        SourceLocation? last = null;
        for (var i = 0; i < function.Blocks.Count; i++)
        {
            var block = function.Blocks[i];
            var next = i + 1 < function.Blocks.Count ? function.Blocks[i + 1] : null;
            _blockStarts.Add(block, Instructions.Count);
            foreach (var instruction in block.Instructions)
            {
                var at = Instructions.Count;
                Encode(function, block, instruction, next);
                var location = instruction.Location ?? function.Source.Location;
                if (Instructions.Count > at && location is not null && (location != last || at == Starts[function.Source]))
                {
                    Lines.Add((at, location));
                    last = location;
                }
            }
        }
    }

    /// <summary>Fills in the distances of jumps and calls.</summary>
    public void Resolve()
    {
        foreach (var (at, target) in _jumps)
        {
            var distance = _blockStarts[target] - at - 1;
            Instructions[at] = Instructions[at] with { Offset = checked((short)distance) };
        }

        foreach (var (at, target) in _calls)
        {
            var distance = Starts[target] - at - 1;
            Instructions[at] = Instructions[at] with { Immediate = distance };
        }
    }

    private static byte Opposite(byte operation) => operation switch
    {
        Isa.Equal => Isa.NotEqual,
        Isa.NotEqual => Isa.Equal,
        Isa.Less => Isa.GreaterOrEqual,
        Isa.GreaterOrEqual => Isa.Less,
        Isa.Greater => Isa.LessOrEqual,
        Isa.LessOrEqual => Isa.Greater,
        Isa.LessSigned => Isa.GreaterOrEqualSigned,
        Isa.GreaterOrEqualSigned => Isa.LessSigned,
        Isa.GreaterSigned => Isa.LessOrEqualSigned,
        _ => Isa.GreaterSigned,
    };

    private static byte Registers(int destination, int source) => (byte)(Math.Max(destination, 0) | (Math.Max(source, 0) << 4));

    private void Put(int code, int destination, int source, int offset, long immediate) =>
        Instructions.Add(new Instruction((byte)code, Registers(destination, source), checked((short)offset), checked((int)immediate)));

    private static int Displacement(MachineFunction function, MachineInstruction instruction) =>
        instruction.Offset + (instruction.Symbol is StackSlot slot ? function.SlotOffsets[slot] : 0);

    private void Encode(MachineFunction function, MachineBlock block, MachineInstruction i, MachineBlock? next)
    {
        switch (i.Kind)
        {
            case MachineKind.Alu when i.Operation == Isa.End:
                Put(Isa.ClassAlu | Isa.End | Isa.ToBigEndian, i.Destination, 0, 0, i.Immediate);
                break;
            case MachineKind.Alu:
                Put((i.Is64 ? Isa.ClassAlu64 : Isa.ClassAlu) | i.Operation | (i.Source >= 0 ? Isa.SourceRegister : 0), i.Destination, i.Source, 0, i.Immediate);
                break;
            case MachineKind.LoadImmediate:
                LoadImmediate(i);
                break;
            case MachineKind.StackAddress:
                Put(Isa.ClassAlu64 | Isa.Move | Isa.SourceRegister, i.Destination, MachineInstruction.FramePointer, 0, 0);
                Put(Isa.ClassAlu64 | Isa.Add, i.Destination, 0, 0, function.SlotOffsets[(StackSlot)i.Symbol!] + i.Immediate);
                break;
            case MachineKind.Load:
                Put(Isa.ClassLoadX | Isa.ModeMemory | Isa.Width(i.Size), i.Destination, i.Source, Displacement(function, i), 0);
                break;
            case MachineKind.Store:
                Put(Isa.ClassStoreX | Isa.ModeMemory | Isa.Width(i.Size), i.Destination, i.Source, Displacement(function, i), 0);
                break;
            case MachineKind.StoreImmediate:
                Put(Isa.ClassStore | Isa.ModeMemory | Isa.Width(i.Size), i.Destination, 0, Displacement(function, i), i.Immediate);
                break;
            case MachineKind.Atomic:
                Put(Isa.ClassStoreX | Isa.ModeAtomic | Isa.Width(i.Size), i.Destination, i.Source, Displacement(function, i), i.Immediate);
                break;
            case MachineKind.CallHelper:
                Put(Isa.ClassJump | Isa.Call, 0, 0, 0, i.Immediate);
                break;
            case MachineKind.CallKfunc:
                Relocations.Add(new Relocation(Instructions.Count, RelocationKind.Kfunc, (string)i.Symbol!));
                Put(Isa.ClassJump | Isa.Call, 0, Isa.PseudoKfuncCall, 0, 0);
                break;
            case MachineKind.CallFunction:
                _calls.Add((Instructions.Count, (Function)i.Symbol!));
                Put(Isa.ClassJump | Isa.Call, 0, Isa.PseudoCall, 0, 0);
                break;
            case MachineKind.SetCondition:
                Put(Isa.ClassAlu | Isa.Move, i.Destination, 0, 0, 1 - i.Offset);
                Put((i.Is64 ? Isa.ClassJump : Isa.ClassJump32) | i.Operation | (i.Source >= 0 ? Isa.SourceRegister : 0), i.Left, i.Source, 1, i.Immediate);
                Put(Isa.ClassAlu | Isa.Move, i.Destination, 0, 0, i.Offset);
                break;
            case MachineKind.Branch:
                Branch(block, i, next);
                break;
            case MachineKind.Jump:
                if (block.Successors[0] != next)
                {
                    Goto(block.Successors[0]);
                }

                break;
            case MachineKind.Exit:
                Put(Isa.ClassJump | Isa.Exit, 0, 0, 0, 0);
                break;
        }
    }

    private void Branch(MachineBlock block, MachineInstruction i, MachineBlock? next)
    {
        var (target, other, operation) = (block.Successors[0], block.Successors[1], i.Operation);
        if (target == next && operation != Isa.BitsSet)
        {
            (target, other, operation) = (other, target, Opposite(operation));
        }

        _jumps.Add((Instructions.Count, target));
        Put((i.Is64 ? Isa.ClassJump : Isa.ClassJump32) | operation | (i.Source >= 0 ? Isa.SourceRegister : 0), i.Destination, i.Source, 0, i.Immediate);
        if (other != next)
        {
            Goto(other);
        }
    }

    private void Goto(MachineBlock target)
    {
        _jumps.Add((Instructions.Count, target));
        Put(Isa.ClassJump | Isa.Jump, 0, 0, 0, 0);
    }

    private void LoadImmediate(MachineInstruction i)
    {
        const int code = Isa.ClassLoad | Isa.DoubleWord;
        switch (i.Symbol)
        {
            case MapSymbol map when i.Offset == 1:
                Relocations.Add(new Relocation(Instructions.Count, RelocationKind.MapValue, map.Name));
                Put(code, i.Destination, Isa.PseudoMapValue, 0, 0);
                Put(0, 0, 0, 0, i.Immediate);
                break;
            case MapSymbol map:
                Relocations.Add(new Relocation(Instructions.Count, RelocationKind.MapDescriptor, map.Name));
                Put(code, i.Destination, Isa.PseudoMapFd, 0, 0);
                Put(0, 0, 0, 0, 0);
                break;
            case Function function:
                _calls.Add((Instructions.Count, function));
                Put(code, i.Destination, Isa.PseudoFunction, 0, 0);
                Put(0, 0, 0, 0, 0);
                break;
            default:
                Put(code, i.Destination, 0, 0, (int)i.Immediate);
                Put(0, 0, 0, 0, (int)(i.Immediate >> 32));
                break;
        }
    }
}

using System.Globalization;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>
/// Splits slots whose address goes nowhere into their fields, and makes values of the fields (scalar replacement, then SSA by Braun et al. 2013).
/// Fields are what loads and stores touch, carried over by copies between slots; where accesses overlap in part, those bytes stay memory, as a
/// slot of their own.
/// </summary>
internal sealed class SlotPromotion : IPass
{
    public string Name => "slot-promotion";

    public bool Run(Function function) => new Worker(function).Run();

    private sealed class Field(int offset, int size)
    {
        public int Offset { get; } = offset;

        public int Size { get; } = size;

        public int End => Offset + Size;

        /// <summary>Where the field lives if it is no value.</summary>
        public StackSlot? Slot { get; set; }

        public bool IsMemory { get; set; }

        public bool HasPointer { get; set; }

        public bool HasInteger { get; set; }

        public ValueType Type => Size < 8 ? ValueType.I32 : HasPointer ? ValueType.Pointer : ValueType.I64;
    }

    private sealed class Worker(Function function)
    {
        private readonly HashSet<StackSlot> _candidates = new(ReferenceEqualityComparer.Instance);
        private readonly Dictionary<StackSlot, HashSet<(int Offset, int Size)>> _ranges = new(ReferenceEqualityComparer.Instance);
        private readonly Dictionary<StackSlot, List<Field>> _fields = new(ReferenceEqualityComparer.Instance);
        private readonly List<Value> _copies = [];

        // Construction of SSA.
        private readonly Dictionary<(Block, Field), Value> _atEntry = [];
        private readonly Dictionary<(Block, Field), Value> _atExit = [];
        private readonly List<(Value Load, Field Field)> _pending = [];
        private readonly Dictionary<Value, Value> _replacements = new(ReferenceEqualityComparer.Instance);
        private readonly List<Value> _undefined = [];
        private readonly Dictionary<Block, List<Value>> _phis = new(ReferenceEqualityComparer.Instance);
        private Dictionary<Field, Value> _current = [];
        private List<Value> _output = [];
        private Block _block = null!;
        private SourceLocation? _location;

        public bool Run()
        {
            FindCandidates();
            if (_candidates.Count == 0)
            {
                return false;
            }

            FindFields();
            if (_candidates.Count == 0)
            {
                return false;
            }

            Rewrite();
            return true;
        }

        private IEnumerable<Value> Values => function.Blocks.SelectMany(b => b.Values);

        private StackSlot? Candidate(Value address) => address is { Op: Op.StackAddress, Symbol: StackSlot slot } && _candidates.Contains(slot) ? slot : null;

        private static int At(Value address, long offset) => (int)(address.Immediate + offset);

        private void FindCandidates()
        {
            var escaped = new HashSet<StackSlot>(ReferenceEqualityComparer.Instance);
            foreach (var value in Values)
            {
                for (var i = 0; i < value.Operands.Count; i++)
                {
                    if (value.Operands[i] is { Op: Op.StackAddress, Symbol: StackSlot slot } address)
                    {
                        var offset = i == 0 ? At(address, value.Immediate) : At(address, value.Immediate2);
                        var isDirect = (i == 0 && value.Op is Op.Load or Op.Store or Op.ZeroMemory or Op.CopyMemory) || (i == 1 && value.Op == Op.CopyMemory);
                        var isGood = isDirect && !value.IsVolatile && offset >= 0 && offset + value.Size <= slot.Size;
                        _candidates.Add(slot);
                        if (!isGood)
                        {
                            escaped.Add(slot);
                        }
                    }
                }
            }

            _candidates.ExceptWith(escaped);
        }

        private void FindFields()
        {
            foreach (var slot in _candidates)
            {
                _ranges[slot] = [];
            }

            foreach (var value in Values)
            {
                if (value.Op is Op.Load or Op.Store && Candidate(value.Operands[0]) is { } slot)
                {
                    _ranges[slot].Add((At(value.Operands[0], value.Immediate), value.Size));
                }
                else if (value.Op == Op.CopyMemory && (Candidate(value.Operands[0]) ?? Candidate(value.Operands[1])) is not null)
                {
                    _copies.Add(value);
                }
            }

            do
            {
                while (CarryRanges())
                {
                }
            }
            while (FillGaps());

            foreach (var slot in _candidates)
            {
                _fields[slot] = MakeFields(_ranges[slot]);
            }

            FindTypes();
            MarkPartlyZeroed();
            foreach (var slot in _candidates)
            {
                foreach (var field in _fields[slot].Where(f => f.IsMemory))
                {
                    field.Slot = new StackSlot(string.Create(CultureInfo.InvariantCulture, $"{slot.Name}+{field.Offset}"), field.Size, 8);
                }

                // A slot that would only become itself again.
                if (_fields[slot] is [{ IsMemory: true } only] && only.Size == slot.Size)
                {
                    only.Slot = slot;
                }
            }

            var unchanged = _candidates.Where(s => _fields[s] is [{ IsMemory: true } only] && only.Slot == s).ToArray();
            _candidates.ExceptWith(unchanged);
        }

        /// <summary>What is accessed on one side of a copy is a field on the other side, too. A field that a copy cuts makes both slots unfit.</summary>
        private bool CarryRanges()
        {
            var changed = false;
            foreach (var copy in _copies)
            {
                var (to, from) = (Candidate(copy.Operands[0]), Candidate(copy.Operands[1]));
                var (toAt, fromAt) = (At(copy.Operands[0], copy.Immediate), At(copy.Operands[1], copy.Immediate2));
                var isCut = (to is not null && IsCut(to, toAt, copy.Size)) || (from is not null && IsCut(from, fromAt, copy.Size));
                if (isCut)
                {
                    foreach (var slot in (ReadOnlySpan<StackSlot?>)[to, from])
                    {
                        changed |= slot is not null && _candidates.Remove(slot);
                    }

                    continue;
                }

                if (to is not null && from is not null)
                {
                    changed |= Carry(from, fromAt, to, toAt, copy.Size) | Carry(to, toAt, from, fromAt, copy.Size);
                }
            }

            return changed;
        }

        private bool IsCut(StackSlot slot, int at, int size) => _ranges[slot].Any(r =>
            r.Offset < at + size && at < r.Offset + r.Size && (r.Offset < at || r.Offset + r.Size > at + size));

        private bool Carry(StackSlot from, int fromAt, StackSlot to, int toAt, int size)
        {
            var changed = false;
            foreach (var (offset, length) in _ranges[from].ToArray())
            {
                if (offset >= fromAt && offset + length <= fromAt + size)
                {
                    changed |= _ranges[to].Add((offset - fromAt + toAt, length));
                }
            }

            return changed;
        }

        /// <summary>Bytes that are only copied are fields of natural size.</summary>
        private bool FillGaps()
        {
            foreach (var copy in _copies)
            {
                for (var side = 0; side < 2; side++)
                {
                    if (Candidate(copy.Operands[side]) is not { } slot)
                    {
                        continue;
                    }

                    var start = At(copy.Operands[side], side == 0 ? copy.Immediate : copy.Immediate2);
                    var covered = new bool[copy.Size];
                    foreach (var (offset, size) in _ranges[slot])
                    {
                        for (var i = Math.Max(offset, start); i < Math.Min(offset + size, start + copy.Size); i++)
                        {
                            covered[i - start] = true;
                        }
                    }

                    var added = false;
                    for (var i = 0; i < copy.Size;)
                    {
                        if (covered[i])
                        {
                            i++;
                            continue;
                        }

                        var size = 8;
                        while ((start + i) % size != 0 || i + size > copy.Size || covered.AsSpan(i, size).Contains(true))
                        {
                            size /= 2;
                        }

                        _ranges[slot].Add((start + i, size));
                        added = true;
                        i += size;
                    }

                    if (added)
                    {
                        return true;
                    }
                }
            }

            return false;
        }

        private static List<Field> MakeFields(HashSet<(int Offset, int Size)> ranges)
        {
            var fields = new List<Field>();
            foreach (var (offset, size) in ranges.OrderBy(r => r.Offset).ThenByDescending(r => r.Size))
            {
                if (fields.Count > 0 && fields[^1].End > offset)
                {
                    var last = fields[^1];
                    fields[^1] = new Field(last.Offset, Math.Max(last.End, offset + size) - last.Offset) { IsMemory = true };
                }
                else
                {
                    fields.Add(new Field(offset, size));
                }
            }

            return fields;
        }

        private Field FieldAt(StackSlot slot, int offset) => _fields[slot].Find(f => f.Offset <= offset && offset < f.End)!;

        private IEnumerable<Field> FieldsIn(StackSlot slot, int start, int size) => _fields[slot].Where(f => f.Offset < start + size && start < f.End);

        private void FindTypes()
        {
            foreach (var value in Values)
            {
                if (value.Op is Op.Load or Op.Store && value.Size == 8 && Candidate(value.Operands[0]) is { } slot)
                {
                    var field = FieldAt(slot, At(value.Operands[0], value.Immediate));
                    var type = value.Op == Op.Load ? value.Type : value.Operands[1].Type;
                    var isNull = value.Op == Op.Store && Edit.IsConstant(value.Operands[1], 0);
                    field.HasPointer |= type == ValueType.Pointer;
                    field.HasInteger |= type == ValueType.I64 && !isNull;
                }
            }

            for (var changed = true; changed;)
            {
                changed = false;
                foreach (var copy in _copies)
                {
                    if (Candidate(copy.Operands[0]) is { } to && Candidate(copy.Operands[1]) is { } from)
                    {
                        var shift = At(copy.Operands[1], copy.Immediate2) - At(copy.Operands[0], copy.Immediate);
                        foreach (var a in FieldsIn(to, At(copy.Operands[0], copy.Immediate), copy.Size))
                        {
                            var b = FieldAt(from, a.Offset + shift);
                            changed |= a.HasPointer != b.HasPointer || a.HasInteger != b.HasInteger;
                            a.HasPointer = b.HasPointer |= a.HasPointer;
                            a.HasInteger = b.HasInteger |= a.HasInteger;
                        }
                    }
                }
            }

            foreach (var field in _candidates.SelectMany(s => _fields[s]))
            {
                field.IsMemory |= field.HasPointer && field.HasInteger;
            }
        }

        private void MarkPartlyZeroed()
        {
            foreach (var value in Values)
            {
                if (value.Op == Op.ZeroMemory && Candidate(value.Operands[0]) is { } slot)
                {
                    var start = At(value.Operands[0], value.Immediate);
                    foreach (var field in FieldsIn(slot, start, value.Size))
                    {
                        field.IsMemory |= field.Offset < start || field.End > start + value.Size;
                    }
                }
            }
        }

        private void Rewrite()
        {
            foreach (var slot in _candidates)
            {
                function.StackSlots.Remove(slot);
                function.StackSlots.AddRange(_fields[slot].Where(f => f.IsMemory).Select(f => f.Slot!));
            }

            foreach (var block in function.Blocks)
            {
                _block = block;
                _current = [];
                _output = [];
                foreach (var value in block.Values)
                {
                    _location = value.Location;
                    Rewrite(value);
                }

                block.Values.Clear();
                block.Values.AddRange(_output);
                foreach (var (field, value) in _current)
                {
                    _atExit[(block, field)] = value;
                }
            }

            foreach (var (load, field) in _pending)
            {
                // The placeholder became an extension, or stands for the field itself.
                load.Operands[0] = ReadAtEntry(load.Block!, field);
            }

            foreach (var (block, phis) in _phis)
            {
                block.Values.InsertRange(0, phis);
            }

            function.Blocks[0].Values.InsertRange(0, _undefined);
            foreach (var block in function.Blocks)
            {
                block.Values.RemoveAll(v => v.Op == Op.Load && v.Symbol is PlaceholderMark && Forward(v));
            }

            foreach (var block in function.Blocks)
            {
                block.Values.RemoveAll(v => v is { Op: Op.StackAddress, Symbol: StackSlot slot } && _candidates.Contains(slot));
            }

            Edit.ReplaceUses(function, _replacements);
        }

        private bool Forward(Value placeholder)
        {
            _replacements[placeholder] = placeholder.Operands[0];
            return true;
        }

        private Value Emit(Op op, ValueType type, params ReadOnlySpan<Value> operands)
        {
            var value = new Value(op, type) { Block = _block, Location = _location };
            foreach (var operand in operands)
            {
                value.Operands.Add(operand);
            }

            _output.Add(value);
            return value;
        }

        private Value SlotAddress(StackSlot slot)
        {
            var address = Emit(Op.StackAddress, ValueType.Pointer);
            address.Symbol = slot;
            return address;
        }

        private void Rewrite(Value value)
        {
            switch (value.Op)
            {
                case Op.Load when Candidate(value.Operands[0]) is { } slot:
                    var offset = At(value.Operands[0], value.Immediate);
                    var field = FieldAt(slot, offset);
                    if (field.IsMemory)
                    {
                        value.Operands[0] = SlotAddress(field.Slot!);
                        value.Immediate = offset - field.Offset;
                        _output.Add(value);
                    }
                    else
                    {
                        _replacements[value] = Widen(Read(field), value.Type, field);
                    }

                    break;
                case Op.Store when Candidate(value.Operands[0]) is { } slot:
                    offset = At(value.Operands[0], value.Immediate);
                    field = FieldAt(slot, offset);
                    if (field.IsMemory)
                    {
                        value.Operands[0] = SlotAddress(field.Slot!);
                        value.Immediate = offset - field.Offset;
                        _output.Add(value);
                    }
                    else
                    {
                        Write(field, value.Operands[1]);
                    }

                    break;
                case Op.ZeroMemory when Candidate(value.Operands[0]) is { } slot:
                    Zero(value, slot);
                    break;
                case Op.CopyMemory when (Candidate(value.Operands[0]) ?? Candidate(value.Operands[1])) is not null:
                    Copy(value);
                    break;
                default:
                    _output.Add(value);
                    break;
            }
        }

        private void Zero(Value value, StackSlot slot)
        {
            var start = At(value.Operands[0], value.Immediate);
            foreach (var field in FieldsIn(slot, start, value.Size))
            {
                if (field.IsMemory)
                {
                    var (first, end) = (Math.Max(field.Offset, start), Math.Min(field.End, start + value.Size));
                    var zero = Emit(Op.ZeroMemory, ValueType.Void, SlotAddress(field.Slot!));
                    zero.Immediate = first - field.Offset;
                    zero.Size = end - first;
                }
                else
                {
                    _current[field] = Emit(Op.Constant, field.Type);
                }
            }
        }

        private void Copy(Value copy)
        {
            var (to, from) = (Candidate(copy.Operands[0]), Candidate(copy.Operands[1]));
            var (toAt, fromAt) = (At(copy.Operands[0], copy.Immediate), At(copy.Operands[1], copy.Immediate2));
            var leading = to ?? from!;
            var start = to is not null ? toAt : fromAt;
            var moved = new List<(Field Field, Value Value, int At)>();
            foreach (var field in FieldsIn(leading, start, copy.Size).ToArray())
            {
                var distance = field.Offset - start;
                var source = from is null ? null : FieldAt(from, fromAt + distance);
                var target = to is null ? null : FieldAt(to, toAt + distance);
                if (source is null or { IsMemory: true } && target is null or { IsMemory: true })
                {
                    var whole = Emit(Op.CopyMemory, ValueType.Void,
                        target is null ? copy.Operands[0] : SlotAddress(target.Slot!), source is null ? copy.Operands[1] : SlotAddress(source.Slot!));
                    whole.Immediate = target is null ? copy.Immediate + distance : 0;
                    whole.Immediate2 = source is null ? copy.Immediate2 + distance : 0;
                    whole.Size = field.Size;
                    continue;
                }

                Value value;
                if (source is { IsMemory: false })
                {
                    value = Read(source);
                }
                else
                {
                    value = Emit(Op.Load, field.Type, source is null ? copy.Operands[1] : SlotAddress(source.Slot!));
                    value.Immediate = source is null ? copy.Immediate2 + distance : 0;
                    value.Size = field.Size;
                }

                moved.Add((field, value, distance));
            }

            foreach (var (field, value, distance) in moved)
            {
                var target = to is null ? null : FieldAt(to, toAt + distance);
                if (target is { IsMemory: false })
                {
                    _current[target] = value;
                }
                else
                {
                    var store = Emit(Op.Store, ValueType.Void, target is null ? copy.Operands[0] : SlotAddress(target.Slot!), value);
                    store.Immediate = target is null ? copy.Immediate + distance : 0;
                    store.Size = field.Size;
                }
            }
        }

        /// <summary>Values of small fields are kept zero-extended.</summary>
        private void Write(Field field, Value value)
        {
            if (field.Size == 8)
            {
                _current[field] = field.Type == ValueType.Pointer && value.Type != ValueType.Pointer ? Emit(Op.Constant, ValueType.Pointer) : value;
            }
            else if (field.Size == 4)
            {
                _current[field] = value.Type == ValueType.I32 ? value : Emit(Op.Truncate, ValueType.I32, value);
            }
            else
            {
                var extended = Emit(Op.ZeroExtend, ValueType.I32, value);
                extended.Size = field.Size;
                _current[field] = extended;
            }
        }

        private Value Widen(Value value, ValueType type, Field field)
        {
            if (type == field.Type)
            {
                return value;
            }

            if (type == ValueType.I64 && field.Size < 8)
            {
                var extended = Emit(Op.ZeroExtend, ValueType.I64, value);
                extended.Size = field.Size;
                return extended;
            }

            throw new InvalidOperationException($"{function.Name}: a field of {field.Type} is read as {type}");
        }

        private Value Read(Field field)
        {
            if (_current.TryGetValue(field, out var value))
            {
                return value;
            }

            // Filled in when all blocks' last values are known.
            var placeholder = Emit(Op.Load, field.Type);
            placeholder.Symbol = PlaceholderMark.Instance;
            placeholder.Operands.Add(placeholder);
            _pending.Add((placeholder, field));
            return placeholder;
        }

        private Value ReadAtExit(Block block, Field field) => _atExit.TryGetValue((block, field), out var value) ? value : ReadAtEntry(block, field);

        private Value ReadAtEntry(Block block, Field field)
        {
            if (_atEntry.TryGetValue((block, field), out var known))
            {
                return known;
            }

            if (block.Predecessors.Count == 0)
            {
                var undefined = new Value(Op.Constant, field.Type) { Block = block };
                _undefined.Add(undefined);
                return _atEntry[(block, field)] = undefined;
            }

            if (block.Predecessors.Count == 1)
            {
                return _atEntry[(block, field)] = ReadAtExit(block.Predecessors[0], field);
            }

            var phi = new Value(Op.Phi, field.Type) { Block = block };
            if (!_phis.TryGetValue(block, out var phis))
            {
                _phis[block] = phis = [];
            }

            phis.Add(phi);
            _atEntry[(block, field)] = phi;
            foreach (var predecessor in block.Predecessors)
            {
                phi.Operands.Add(ReadAtExit(predecessor, field));
            }

            return phi;
        }
    }

    private sealed class PlaceholderMark
    {
        public static PlaceholderMark Instance { get; } = new();
    }
}

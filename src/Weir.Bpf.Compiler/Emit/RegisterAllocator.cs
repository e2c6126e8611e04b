using System.Globalization;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>
/// Graph colouring with iterated coalescing (George and Appel, 1996) over r0 to r9. What does not fit is spilled to 8 bytes of stack; a reload serves
/// the following uses up to the next call, also in blocks that only this one leads to, so that what the verifier learns from a comparison is
/// not lost in a second reload.
/// </summary>
internal sealed class RegisterAllocator
{
    private const int Colours = 10;

    // No name of C# has it.
    private const string SpillPrefix = "spill ";
    private readonly MachineFunction _function;

    // Spilling, over all rounds.
    private readonly Dictionary<int, StackSlot> _slots = [];
    private readonly HashSet<int> _reloads = [];
    private readonly HashSet<int> _unspillable = [];

    // One round.
    private readonly HashSet<long> _edges = [];
    private readonly List<int>[] _neighbours;
    private readonly int[] _degree;
    private readonly int[] _alias;
    private readonly int[] _colour;
    private readonly double[] _cost;
    private readonly List<int>[] _movesOf;
    private readonly List<MachineInstruction> _moves = [];
    private readonly List<MoveState> _moveStates = [];
    private readonly SortedSet<int> _simplify = [];
    private readonly SortedSet<int> _freeze = [];
    private readonly SortedSet<int> _spill = [];
    private readonly SortedSet<int> _worklistMoves = [];
    private readonly Stack<int> _selected = new();
    private readonly bool[] _isSelected;
    private readonly bool[] _isCoalesced;
    private readonly bool[] _isUsed;

    private RegisterAllocator(MachineFunction function, RegisterAllocator? before)
    {
        _function = function;
        if (before is not null)
        {
            _slots = before._slots;
            _reloads = before._reloads;
            _unspillable = before._unspillable;
        }

        var count = function.NextRegister;
        _neighbours = new List<int>[count];
        _movesOf = new List<int>[count];
        for (var i = 0; i < count; i++)
        {
            _neighbours[i] = [];
            _movesOf[i] = [];
        }

        _degree = new int[count];
        _alias = [.. Enumerable.Range(0, count)];
        _colour = new int[count];
        Array.Fill(_colour, -1);
        for (var i = 0; i < Colours; i++)
        {
            _colour[i] = i;
            _degree[i] = int.MaxValue / 2;
        }

        _cost = new double[count];
        _isSelected = new bool[count];
        _isCoalesced = new bool[count];
        _isUsed = new bool[count];
    }

    private enum MoveState
    {
        Worklist,
        Active,
        Coalesced,
        Constrained,
        Frozen,
    }

    /// <summary>Replaces every virtual register by one of the machine's.</summary>
    public static void Run(MachineFunction function)
    {
        RegisterAllocator? allocator = null;
        while (true)
        {
            allocator = new RegisterAllocator(function, allocator);
            var spilled = allocator.Colour();
            if (spilled.Count == 0)
            {
                allocator.Apply();
                return;
            }

            function.Spills += spilled.Count;
            allocator.Rewrite(spilled);
        }
    }

    /// <summary>Whether the slot was made by spilling: only whole loads and stores touch it.</summary>
    public static bool IsSpill(StackSlot slot) => slot.Name.StartsWith(SpillPrefix, StringComparison.Ordinal);

    private List<int> Colour()
    {
        Build();
        for (var register = MachineInstruction.FirstVirtual; register < _function.NextRegister; register++)
        {
            if (!_isUsed[register])
            {
                continue;
            }

            if (_degree[register] >= Colours)
            {
                _spill.Add(register);
            }
            else if (IsMoveRelated(register))
            {
                _freeze.Add(register);
            }
            else
            {
                _simplify.Add(register);
            }
        }

        while (true)
        {
            if (_simplify.Count > 0)
            {
                Simplify();
            }
            else if (_worklistMoves.Count > 0)
            {
                Coalesce();
            }
            else if (_freeze.Count > 0)
            {
                var register = _freeze.Min;
                _freeze.Remove(register);
                _simplify.Add(register);
                FreezeMoves(register);
            }
            else if (_spill.Count > 0)
            {
                SelectSpill();
            }
            else
            {
                break;
            }
        }

        return Assign();
    }

    private void Build()
    {
        var liveOut = Liveness.LiveOut(_function);
        var uses = new List<int>();
        var definitions = new List<int>();
        foreach (var block in _function.Blocks)
        {
            var live = liveOut[block];
            var weight = Math.Pow(10, Math.Min(block.LoopDepth, 6));
            for (var i = block.Instructions.Count - 1; i >= 0; i--)
            {
                var instruction = block.Instructions[i];
                uses.Clear();
                definitions.Clear();
                instruction.AddUses(uses);
                instruction.AddDefinitions(definitions);
                foreach (var register in uses)
                {
                    _cost[register] += weight;
                    _isUsed[register] = true;
                }

                foreach (var register in definitions)
                {
                    _cost[register] += weight;
                    _isUsed[register] = true;
                }

                if (instruction.IsMove)
                {
                    live[instruction.Source] = false;
                    _movesOf[instruction.Source].Add(_moves.Count);
                    if (instruction.Destination != instruction.Source)
                    {
                        _movesOf[instruction.Destination].Add(_moves.Count);
                    }

                    _worklistMoves.Add(_moves.Count);
                    _moves.Add(instruction);
                    _moveStates.Add(MoveState.Worklist);
                }

                foreach (var definition in definitions)
                {
                    live[definition] = true;
                }

                foreach (var definition in definitions)
                {
                    foreach (var other in live.Members())
                    {
                        AddEdge(definition, other);
                    }
                }

                if (instruction.Kind == MachineKind.SetCondition)
                {
                    // It is written before the comparison is made.
                    AddEdge(instruction.Destination, instruction.Left);
                    if (instruction.Source != MachineInstruction.None)
                    {
                        AddEdge(instruction.Destination, instruction.Source);
                    }
                }

                foreach (var definition in definitions)
                {
                    live[definition] = false;
                }

                foreach (var use in uses)
                {
                    live[use] = true;
                }
            }
        }
    }

    private static long Key(int a, int b) => a < b ? ((long)a << 32) | (uint)b : ((long)b << 32) | (uint)a;

    private void AddEdge(int a, int b)
    {
        if (a != b && _edges.Add(Key(a, b)))
        {
            if (a >= Colours)
            {
                _neighbours[a].Add(b);
                _degree[a]++;
            }

            if (b >= Colours)
            {
                _neighbours[b].Add(a);
                _degree[b]++;
            }
        }
    }

    private IEnumerable<int> Adjacent(int register) => _neighbours[register].Where(n => !_isSelected[n] && !_isCoalesced[n]);

    private IEnumerable<int> MovesOf(int register) => _movesOf[register].Where(m => _moveStates[m] is MoveState.Active or MoveState.Worklist);

    private bool IsMoveRelated(int register) => MovesOf(register).Any();

    private void Simplify()
    {
        var register = _simplify.Min;
        _simplify.Remove(register);
        Select(register);
    }

    private void Select(int register)
    {
        _selected.Push(register);
        _isSelected[register] = true;
        foreach (var neighbour in Adjacent(register))
        {
            DecrementDegree(neighbour);
        }
    }

    private void DecrementDegree(int register)
    {
        if (register < Colours)
        {
            return;
        }

        if (_degree[register]-- == Colours)
        {
            EnableMoves(register);
            foreach (var neighbour in Adjacent(register))
            {
                EnableMoves(neighbour);
            }

            _spill.Remove(register);
            if (IsMoveRelated(register))
            {
                _freeze.Add(register);
            }
            else
            {
                _simplify.Add(register);
            }
        }
    }

    private void EnableMoves(int register)
    {
        foreach (var move in _movesOf[register])
        {
            if (_moveStates[move] == MoveState.Active)
            {
                _moveStates[move] = MoveState.Worklist;
                _worklistMoves.Add(move);
            }
        }
    }

    private int Alias(int register)
    {
        while (_isCoalesced[register])
        {
            register = _alias[register];
        }

        return register;
    }

    private void Coalesce()
    {
        var move = _worklistMoves.Min;
        _worklistMoves.Remove(move);
        var u = Alias(_moves[move].Destination);
        var v = Alias(_moves[move].Source);
        if (v < Colours)
        {
            (u, v) = (v, u);
        }

        if (u == v)
        {
            _moveStates[move] = MoveState.Coalesced;
            AddWorklist(u);
        }
        else if (v < Colours || _edges.Contains(Key(u, v)))
        {
            _moveStates[move] = MoveState.Constrained;
            AddWorklist(u);
            AddWorklist(v);
        }
        else if (u < Colours ? Adjacent(v).All(t => IsHarmless(t, u)) : IsConservative(u, v))
        {
            _moveStates[move] = MoveState.Coalesced;
            Combine(u, v);
            AddWorklist(u);
        }
        else
        {
            _moveStates[move] = MoveState.Active;
        }
    }

    private bool IsHarmless(int neighbour, int machine) =>
        _degree[neighbour] < Colours || neighbour < Colours || _edges.Contains(Key(neighbour, machine));

    private bool IsConservative(int u, int v)
    {
        var significant = 0;
        var seen = new HashSet<int>();
        foreach (var neighbour in Adjacent(u).Concat(Adjacent(v)))
        {
            if (seen.Add(neighbour))
            {
                // A neighbour of both loses one.
                var degree = _degree[neighbour];
                if (neighbour >= Colours && degree == Colours && _edges.Contains(Key(neighbour, u)) && _edges.Contains(Key(neighbour, v)))
                {
                    degree--;
                }

                significant += degree >= Colours ? 1 : 0;
            }
        }

        return significant < Colours;
    }

    private void AddWorklist(int register)
    {
        if (register >= Colours && _degree[register] < Colours && !IsMoveRelated(register))
        {
            _freeze.Remove(register);
            _simplify.Add(register);
        }
    }

    private void Combine(int u, int v)
    {
        if (!_freeze.Remove(v))
        {
            _spill.Remove(v);
        }

        var neighbours = Adjacent(v).ToArray();
        _isCoalesced[v] = true;
        _alias[v] = u;
        _cost[u] += _cost[v];
        _movesOf[u].AddRange(_movesOf[v]);
        EnableMoves(v);
        foreach (var neighbour in neighbours)
        {
            AddEdge(neighbour, u);
            DecrementDegree(neighbour);
        }

        if (_degree[u] >= Colours && _freeze.Remove(u))
        {
            _spill.Add(u);
        }
    }

    private void FreezeMoves(int register)
    {
        foreach (var move in MovesOf(register).ToArray())
        {
            var x = Alias(_moves[move].Destination);
            var y = Alias(_moves[move].Source);
            var other = y == Alias(register) ? x : y;
            _worklistMoves.Remove(move);
            _moveStates[move] = MoveState.Frozen;
            if (other >= Colours && _degree[other] < Colours && !IsMoveRelated(other))
            {
                _freeze.Remove(other);
                _simplify.Add(other);
            }
        }
    }

    private void SelectSpill()
    {
        var best = -1;
        var bestCost = double.PositiveInfinity;
        foreach (var register in _spill)
        {
            var cost = _unspillable.Contains(register) ? 1e300 : _cost[register] / _degree[register];
            if (best < 0 || cost < bestCost)
            {
                (best, bestCost) = (register, cost);
            }
        }

        _spill.Remove(best);
        _simplify.Add(best);
        FreezeMoves(best);
    }

    private List<int> Assign()
    {
        var spilled = new List<int>();
        var taken = new bool[Colours];
        while (_selected.TryPop(out var register))
        {
            _isSelected[register] = false;
            Array.Clear(taken);
            foreach (var neighbour in _neighbours[register])
            {
                if (_colour[Alias(neighbour)] is var colour and >= 0)
                {
                    taken[colour] = true;
                }
            }

            _colour[register] = Choose(register, taken);
            if (_colour[register] < 0)
            {
                spilled.Add(Spillable(register));
            }
        }

        return [.. spilled.Distinct()];
    }

    /// <summary>The register, or one that was coalesced with it where the register itself is a reload for a single instruction.</summary>
    private int Spillable(int register)
    {
        if (!_unspillable.Contains(register))
        {
            return register;
        }

        for (var other = MachineInstruction.FirstVirtual; other < _alias.Length; other++)
        {
            if (_isUsed[other] && Alias(other) == register && !_unspillable.Contains(other))
            {
                return other;
            }
        }

        throw new InvalidOperationException($"{_function.Source.Name}: registers do not suffice");
    }

    private int Choose(int register, bool[] taken)
    {
        // The other side of a copy that could not be coalesced may still allow the same register.
        foreach (var move in _movesOf[register])
        {
            foreach (var side in (ReadOnlySpan<int>)[_moves[move].Destination, _moves[move].Source])
            {
                if (_colour[Alias(side)] is var wanted and >= 0 && !taken[wanted])
                {
                    return wanted;
                }
            }
        }

        // r6 to r9 are left to what lives across calls.
        foreach (var colour in (ReadOnlySpan<int>)[1, 2, 3, 4, 5, 0, 6, 7, 8, 9])
        {
            if (!taken[colour])
            {
                return colour;
            }
        }

        return -1;
    }

    private void Apply()
    {
        int Final(int register) => register < MachineInstruction.FirstVirtual ? register : _colour[Alias(register)];
        foreach (var block in _function.Blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                instruction.Destination = Final(instruction.Destination);
                instruction.Source = Final(instruction.Source);
                instruction.Left = Final(instruction.Left);
            }

            block.Instructions.RemoveAll(i => i.IsMove && i.Destination == i.Source);
        }
    }

    private void Rewrite(List<int> spilled)
    {
        var rewriting = new HashSet<int>(spilled);
        foreach (var register in spilled)
        {
            if (!_slots.ContainsKey(register))
            {
                var slot = new StackSlot(string.Create(CultureInfo.InvariantCulture, $"{SpillPrefix}{register}"), 8, 8);
                _slots.Add(register, slot);
                _function.Slots.Add(slot);
            }
        }

        var predecessors = _function.Predecessors();
        var states = new Dictionary<MachineBlock, Dictionary<int, int>>();
        foreach (var block in _function.Blocks)
        {
            // Blocks are in reverse postorder: an only predecessor came before.
            var current = predecessors[block] is [var only] && states.TryGetValue(only, out var inherited) ? new Dictionary<int, int>(inherited) : [];
            Rewrite(block, rewriting, current);
            states[block] = current;
        }
    }

    private void Rewrite(MachineBlock block, HashSet<int> spilled, Dictionary<int, int> current)
    {
        var result = new List<MachineInstruction>();
        var uses = new List<int>();
        var definitions = new List<int>();
        foreach (var instruction in block.Instructions)
        {
            // A reload or save of a register that is itself spilled: its slot already is what it holds.
            if (instruction is { Kind: MachineKind.Load, Symbol: StackSlot from } && spilled.Contains(instruction.Destination) && _slots[instruction.Destination] == from)
            {
                continue;
            }

            if (instruction is { Kind: MachineKind.Store, Symbol: StackSlot to } && spilled.Contains(instruction.Source) && _slots[instruction.Source] == to)
            {
                continue;
            }

            if (instruction.IsMove && (spilled.Contains(instruction.Destination) || spilled.Contains(instruction.Source)))
            {
                RewriteMove(instruction, spilled, current, result);
                continue;
            }

            uses.Clear();
            definitions.Clear();
            instruction.AddUses(uses);
            instruction.AddDefinitions(definitions);
            foreach (var register in uses.Distinct().Where(spilled.Contains))
            {
                Replace(instruction, register, ReloadOf(register, current, result, instruction.Location));
            }

            var saves = new List<MachineInstruction>();
            foreach (var register in definitions.Distinct().Where(spilled.Contains))
            {
                int made;
                if (uses.Contains(register))
                {
                    made = instruction.Kind == MachineKind.Atomic ? instruction.Source : instruction.Destination;
                }
                else
                {
                    made = NewTemporary(register);
                    Replace(instruction, register, made);
                    Remember(register, made, current);
                }

                saves.Add(Save(_slots[register], made, instruction.Location));
            }

            result.Add(instruction);
            result.AddRange(saves);
            if (instruction.IsCall)
            {
                current.Clear();
            }
        }

        block.Instructions.Clear();
        block.Instructions.AddRange(result);
    }

    private void RewriteMove(MachineInstruction move, HashSet<int> spilled, Dictionary<int, int> current, List<MachineInstruction> result)
    {
        var (to, from) = (move.Destination, move.Source);
        if (!spilled.Contains(to))
        {
            if (current.TryGetValue(from, out var held))
            {
                move.Source = held;
                result.Add(move);
            }
            else
            {
                result.Add(Reload(_slots[from], to, move.Location));
            }

            return;
        }

        current.Remove(to);
        var source = from;
        if (spilled.Contains(from))
        {
            if (_slots[from] == _slots[to])
            {
                return;
            }

            source = ReloadOf(from, current, result, move.Location);
        }

        result.Add(Save(_slots[to], source, move.Location));
    }

    private int ReloadOf(int register, Dictionary<int, int> current, List<MachineInstruction> result, SourceLocation? location)
    {
        if (current.TryGetValue(register, out var held))
        {
            return held;
        }

        var made = NewTemporary(register);
        result.Add(Reload(_slots[register], made, location));
        Remember(register, made, current);
        return made;
    }

    /// <summary>A register for a spilled one: if that already was a reload, one for a single instruction.</summary>
    private int NewTemporary(int register)
    {
        var made = _function.NextRegister++;
        _slots[made] = _slots[register];
        (_reloads.Contains(register) ? _unspillable : _reloads).Add(made);
        return made;
    }

    private void Remember(int register, int made, Dictionary<int, int> current)
    {
        if (!_reloads.Contains(register))
        {
            current[register] = made;
        }
    }

    private static void Replace(MachineInstruction instruction, int register, int by)
    {
        instruction.Destination = instruction.Destination == register ? by : instruction.Destination;
        instruction.Source = instruction.Source == register ? by : instruction.Source;
        instruction.Left = instruction.Left == register ? by : instruction.Left;
    }

    private static MachineInstruction Reload(StackSlot slot, int register, SourceLocation? location) => new(MachineKind.Load)
    {
        Destination = register,
        Source = MachineInstruction.FramePointer,
        Symbol = slot,
        Size = 8,
        Location = location,
    };

    private static MachineInstruction Save(StackSlot slot, int register, SourceLocation? location) => new(MachineKind.Store)
    {
        Destination = MachineInstruction.FramePointer,
        Source = register,
        Symbol = slot,
        Size = 8,
        Location = location,
    };
}

using Mono.Cecil;
using Mono.Cecil.Cil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Locals and arguments.</summary>
internal sealed partial class MethodDecoder
{
    /// <summary>Gives every argument and local a home, passes the arguments, and zeroes the locals as the runtime does.</summary>
    private void Enter(IReadOnlyList<Item> passed)
    {
        var definition = _method.Definition;
        var written = new HashSet<int>();
        var addressed = new HashSet<int>();
        var addressedLocals = new HashSet<int>();
        foreach (var instruction in _code)
        {
            var argument = Opcodes.ArgumentOf(instruction, definition.HasThis);
            var code = instruction.OpCode.Code;
            if (argument >= 0 && Opcodes.IsStore(code))
            {
                written.Add(argument);
            }
            else if (Opcodes.IsAddress(code))
            {
                (argument >= 0 ? addressed : addressedLocals).Add(argument >= 0 ? argument : Opcodes.LocalOf(instruction));
            }
        }

        Ir.Location = _locations.Length > 0 ? _locations[0] : null;
        var types = _method.ArgumentTypes();
        _arguments = new Home[types.Count];
        for (var i = 0; i < types.Count; i++)
        {
            _arguments[i] = Pass(types[i], i, passed[i], written.Contains(i), addressed.Contains(i));
        }

        _locals = new Home[definition.Body.Variables.Count];
        for (var i = 0; i < _locals.Length; i++)
        {
            _locals[i] = MakeLocal(_method.Generics.Close(definition.Body.Variables[i].VariableType), i, addressedLocals.Contains(i));
        }
    }

    private Home Pass(TypeReference type, int index, Item passed, bool isWritten, bool isAddressed)
    {
        var kind = Types.Classify(type);
        if (kind.IsStruct)
        {
            var slot = _function.NewSlot(NameOfArgument(index), type);
            CopyStruct(Ir.StackAddress(slot), 0, passed);
            return new Home(type, kind) { Slot = slot };
        }

        var item = passed with { Value = Fit(passed, kind) };
        if (isAddressed)
        {
            var slot = _function.NewSlot(NameOfArgument(index), type);
            Ir.Store(Ir.StackAddress(slot), 0, kind.Size, item.Value);
            return new Home(type, kind) { Slot = slot };
        }

        if (!isWritten)
        {
            return new Home(type, kind) { Bound = ItemOf(type, item.Value) with { IsContext = item.IsContext || Types.IsContextPointer(type) } };
        }

        var variable = new Variable(NameOfArgument(index), kind.Type);
        Ssa.Write(variable, Ir.Current, item.Value);
        return new Home(type, kind) { Variable = variable };
    }

    private Home MakeLocal(TypeReference type, int index, bool isAddressed)
    {
        TypeKind kind;
        try
        {
            kind = Types.Classify(type);
        }
        catch (Refusal)
        {
            // Refused where it is used: what fills it says why.
            return new Home(type, new TypeKind(ValueType.I64, 8, false, false)) { Variable = new Variable($"local{index}", ValueType.I64) };
        }

        var isZeroed = _method.Definition.Body.InitLocals;
        if (kind.IsStruct || isAddressed)
        {
            var slot = _function.NewSlot(NameOfLocal(index), type);
            if (isZeroed)
            {
                Ir.ZeroMemory(Ir.StackAddress(slot), 0, slot.Size);
            }

            return new Home(type, kind) { Slot = slot };
        }

        var variable = new Variable(NameOfLocal(index), kind.Type);
        Ssa.Write(variable, Ir.Current, Ir.Constant(kind.Type, 0));
        return new Home(type, kind) { Variable = variable };
    }

    private string NameOfArgument(int index)
    {
        var parameter = index - (_method.Definition.HasThis ? 1 : 0);
        return parameter < 0 ? "this" : _method.Definition.Parameters[parameter].Name;
    }

    private string NameOfLocal(int index) =>
        _method.Definition.DebugInformation.TryGetName(_method.Definition.Body.Variables[index], out var name) ? name : $"local{index}";

    private void DecodeHome(Home home, Code code)
    {
        if (Opcodes.IsLoad(code))
        {
            LoadHome(home);
        }
        else if (Opcodes.IsStore(code))
        {
            StoreHome(home, Pop());
        }
        else
        {
            Push(new Item(Ir.StackAddress(home.Slot!)) { IsToNative = TypeSystem.IsNative(home.Type) });
        }
    }

    private void LoadHome(Home home)
    {
        if (home.Bound is { } bound)
        {
            Push(bound);
        }
        else if (home.Variable is not null)
        {
            Push(ItemOf(home.Type, Ssa.Read(home.Variable, Ir.Current)));
        }
        else
        {
            Push(Load(home.Type, new Item(Ir.StackAddress(home.Slot!)), 0));
        }
    }

    private void StoreHome(Home home, Item item)
    {
        if (home.Variable is not null)
        {
            Ssa.Write(home.Variable, Ir.Current, Fit(item, home.Kind));
        }
        else
        {
            Store(home.Type, new Item(Ir.StackAddress(home.Slot!)), 0, item);
        }
    }
}

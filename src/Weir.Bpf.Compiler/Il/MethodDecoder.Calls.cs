using Mono.Cecil;
using Mono.Cecil.Cil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Calls: helpers, kernel functions, sub-programs, and what is inlined.</summary>
internal sealed partial class MethodDecoder
{
    private const int MostArguments = 5;
    private const string DelegateReason = "delegates are not supported; helpers take function pointers";

    // bpf_get_smp_processor_id and bpf_get_netns_cookie give the same for as long as a program runs.
    private static readonly HashSet<int> s_pureHelpers = [8, 122];

    private void Call(MethodReference reference)
    {
        if (TryIntrinsic(reference))
        {
            return;
        }

        var method = ClosedMethod.From(reference, _method.Generics) ?? throw new Refusal($"{reference.DeclaringType.Name}.{reference.Name} was not found");
        var definition = method.Definition;
        var arguments = PopArguments(definition.Parameters.Count + (definition.HasThis ? 1 : 0));
        Settle();
        if (TypeSystem.Attribute(definition, "ContextPointerAttribute") is { } contextPointer)
        {
            var value = Ir.Load(ValueType.Pointer, Pointer(arguments[0]), (int)contextPointer.ConstructorArguments[0].Value, 4);
            value.IsContextPointer = true;
            value.IsContextAccess = true;
            Push(value);
        }
        else if (TypeSystem.Attribute(definition, "HelperAttribute") is { } helper)
        {
            var id = (int)helper.ConstructorArguments[0].Value;
            var call = KernelCall(Op.CallHelper, method, arguments);
            call.Immediate = id;
            call.Symbol = new HelperSymbol(id, method.DisplayName, s_pureHelpers.Contains(id));
        }
        else if (TypeSystem.Attribute(definition, "KfuncAttribute") is { } kernelFunction)
        {
            KernelCall(Op.CallKfunc, method, arguments).Symbol = (string)kernelFunction.ConstructorArguments[0].Value;
        }
        else if (TypeSystem.Attribute(definition, "SubprogramAttribute") is { } subprogram)
        {
            CallFunction(method, arguments, IsGlobal(subprogram) ? FunctionKind.Global : FunctionKind.Static);
        }
        else
        {
            CheckInlinable(method);
            if (_function.Inline(method, arguments, this) is { } result)
            {
                Push(result);
            }
        }
    }

    private static bool IsGlobal(CustomAttribute attribute) => attribute.Properties.Any(p => p.Name == "Global" && p.Argument.Value is true);

    private static void CheckInlinable(ClosedMethod method)
    {
        var definition = method.Definition;
        if (definition.IsVirtual && !definition.IsFinal && !definition.DeclaringType.IsSealed)
        {
            throw new Refusal($"{method.DisplayName} is virtual; virtual calls are not supported");
        }

        if (!definition.HasBody)
        {
            throw new Refusal($"{method.DisplayName} has no body in C#");
        }

        if (definition.Module.Assembly.Name.Name is "System.Private.CoreLib" || definition.Module.Assembly.Name.Name.StartsWith("System.", StringComparison.Ordinal))
        {
            throw new Refusal($"{method.DisplayName} belongs to the runtime's library, which is not compiled");
        }

        if (definition.HasThis && !definition.DeclaringType.IsValueType && !TypeSystem.IsMapOrTable(definition.DeclaringType))
        {
            throw new Refusal($"{method.DisplayName} is a method of a class; only maps are objects");
        }
    }

    /// <summary>A call out of the program: all arguments in whole registers. The verifier looks at all 64 bits of sizes.</summary>
    private Value KernelCall(Op op, ClosedMethod method, Item[] arguments)
    {
        if (arguments.Length > MostArguments)
        {
            throw new Refusal($"{method.DisplayName} takes more than {MostArguments} arguments");
        }

        var types = method.ArgumentTypes();
        var values = new Value[arguments.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var kind = Types.Classify(types[i]);
            values[i] = kind.IsStruct ? throw new Refusal($"{method.DisplayName} takes a struct by value") : Widen(Fit(arguments[i], kind), kind.IsSigned);
        }

        var returns = Types.Classify(method.ReturnType);
        if (returns.IsStruct)
        {
            throw new Refusal($"{method.DisplayName} returns a struct");
        }

        var call = Ir.Append(op, returns.Type, values);
        if (!returns.IsVoid)
        {
            Push(returns is { Type: ValueType.I32, Size: < 4 } ? Extend(call, returns.Size, returns.IsSigned) : call);
        }

        return call;
    }

    private void CallFunction(ClosedMethod method, Item[] arguments, FunctionKind kind)
    {
        var callee = _function.Owner.FunctionFor(method, kind);
        var types = method.ArgumentTypes();
        var values = new Value[arguments.Length];
        for (var i = 0; i < values.Length; i++)
        {
            // Small integers are brought into their range by the callee.
            values[i] = FitType(Scalar(arguments[i]), Types.Classify(types[i]).Type);
        }

        var call = Ir.CallFunction(callee, values);
        if (callee.ReturnType != ValueType.Void)
        {
            Push(ItemOf(method.ReturnType, call));
        }
    }

    private void NewStruct(MethodReference reference)
    {
        var type = _method.Generics.Close(reference.DeclaringType);
        if (type.Resolve() is not { IsValueType: true })
        {
            if (IsDelegate(type))
            {
                throw new Refusal(DelegateReason);
            }

            throw new Refusal($"an object of the class {TypeSystem.DisplayName(type)} is made; there is no heap");
        }

        Types.LayoutOf(type);
        var method = ClosedMethod.From(reference, _method.Generics)!;
        var arguments = PopArguments(method.Definition.Parameters.Count);
        Settle();
        CheckInlinable(method);
        var slot = _function.NewSlot("new", type);
        Ir.ZeroMemory(Ir.StackAddress(slot), 0, slot.Size);
        _function.Inline(method, [new Item(Ir.StackAddress(slot)), .. arguments], this);
        Push(new Item(Ir.StackAddress(slot), type));
    }

    private static bool IsDelegate(TypeReference type) => type.Resolve()?.BaseType?.FullName == "System.MulticastDelegate";

    private void FunctionPointer(MethodReference reference)
    {
        var method = ClosedMethod.From(reference, _method.Generics) ?? throw new Refusal($"{reference.Name} was not found");
        Push(Ir.FunctionAddress(_function.Owner.FunctionFor(method, FunctionKind.Static)));
    }

    /// <summary>Whether the call's result is dropped at once.</summary>
    private bool IsResultDropped() => _index + 1 < _flow.End && _code[_index + 1].OpCode.Code == Code.Pop;
}

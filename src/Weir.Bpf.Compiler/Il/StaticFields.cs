using System.Buffers.Binary;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>
/// The values of <c>static readonly</c> fields, from the straight-line code of static constructors: scalars, maps, tables. What it does not follow
/// is unknown, and refused where a program uses it.
/// </summary>
internal sealed class StaticFields(TypeSystem types, Module module)
{
    private const string ConstantsName = "Weir.Bpf.Programs.Constants`1";
    private const string TableName = "Weir.Bpf.Programs.ConstantTable`1";
    private const int MostNameLength = 15;

    private readonly Dictionary<string, Dictionary<string, object?>> _values = [];
    private readonly Dictionary<string, MapSymbol> _maps = [];
    private readonly Dictionary<MapSymbol, string> _owners = new(ReferenceEqualityComparer.Instance);

    /// <summary>The field's value: a long (scalar) or a <see cref="MapSymbol"/> (a map, or a table's read-only data).</summary>
    public object ValueOf(FieldReference reference, TypeReference declaringType)
    {
        var field = reference.Resolve() ?? throw new Refusal($"the field {reference.FullName} was not found");
        if (!field.IsInitOnly)
        {
            throw new Refusal($"the static field {field.Name} is not readonly; state lives in maps");
        }

        var key = $"{declaringType.FullName}::{field.Name}";
        if (_maps.TryGetValue(key, out var map))
        {
            return map;
        }

        if (!_values.TryGetValue(declaringType.FullName, out var values))
        {
            _values.Add(declaringType.FullName, values = Interpret(field.DeclaringType, GenericContext.Of(declaringType)));
        }

        switch (values.GetValueOrDefault(field.Name))
        {
            case long scalar:
                return scalar;
            case NewObject made when TypeSystem.IsMapOrTable(made.Type.Resolve()):
                map = MakeMap(made, field.Name);
                if (_owners.TryGetValue(map, out _) || module.Maps.Any(m => m.Name == map.Name))
                {
                    throw new Refusal($"two maps are named {map.Name}");
                }

                _maps.Add(key, map);
                _owners.Add(map, key);
                module.Maps.Add(map);
                return map;
            default:
                throw new Refusal($"the initialiser of the static field {field.Name} is not a constant, a map or a table of constants");
        }
    }

    private MapSymbol MakeMap(NewObject made, string name)
    {
        if (name.Length > MostNameLength || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            throw new Refusal($"the map's name {name} is longer than {MostNameLength} characters or has others than letters, digits and underscores");
        }

        if (made.Type.GetElementType().FullName == TableName)
        {
            return MakeTable(made, name);
        }

        if (made.Type.GetElementType().FullName == ConstantsName)
        {
            return Describe(made.Type, name, 1, 1 << 7, null);
        }

        if (made.Arguments.Any(a => a is not long))
        {
            throw new Refusal($"an argument of the map {name} is not a constant");
        }

        var arguments = made.Arguments.Select(a => (long)a!).ToArray();
        MapSymbol? inner = null;
        if (TypeArgument(made.Type, "TInner") is { } innerType)
        {
            inner = Describe(innerType, name + "_in", (uint)arguments[2], (uint)arguments[3], null) with { Name = "" };
        }

        return Describe(made.Type, name, (uint)arguments[0], (uint)arguments[1], inner);
    }

    private MapSymbol Describe(TypeReference type, string name, uint maxEntries, uint flags, MapSymbol? inner)
    {
        var definition = type.Resolve();
        var mapType = TypeSystem.Attribute(definition, "MapTypeAttribute") ?? throw new Refusal($"the class {type.Name} is not a map: it has no [MapType]");
        var symbol = new MapSymbol(name, (int)mapType.ConstructorArguments[0].Value) { MaxEntries = maxEntries, Flags = flags, Inner = inner };
        if (inner is not null)
        {
            return symbol with { KeySize = 4, ValueSize = 4 };
        }

        if ((TypeArgument(type, "TValue") ?? TypeArgument(type, "T")) is not { } value)
        {
            return symbol;
        }

        var key = TypeArgument(type, "TKey");
        return symbol with
        {
            KeySize = key is null ? 4 : types.SizeOf(key),
            Key = key is null ? new IntegerDescription("uint", 4, false) : types.Describe(key),
            ValueSize = types.SizeOf(value),
            Value = types.Describe(value),
        };
    }

    private MapSymbol MakeTable(NewObject made, string name)
    {
        if (made.Arguments is not [ArrayLiteral literal])
        {
            throw new Refusal($"the contents of the table {name} are not an array of constants");
        }

        var element = types.Describe(literal.ElementType);
        return new MapSymbol(name, 2)
        {
            KeySize = 4,
            ValueSize = literal.Data.Length,
            MaxEntries = 1,
            Flags = 1 << 7,
            Key = new IntegerDescription("uint", 4, false),
            Value = new ArrayDescription(element, literal.Data.Length / element.Size),
            Data = literal.Data,
        };
    }

    private static TypeReference? TypeArgument(TypeReference type, string parameter)
    {
        if (type is not GenericInstanceType instance)
        {
            return null;
        }

        var parameters = type.Resolve().GenericParameters;
        for (var i = 0; i < parameters.Count; i++)
        {
            if (parameters[i].Name == parameter)
            {
                return instance.GenericArguments[i];
            }
        }

        return null;
    }

    /// <summary>Runs the static constructor until something is not followed. Unknown values are null.</summary>
    private Dictionary<string, object?> Interpret(TypeDefinition type, GenericContext context)
    {
        var fields = new Dictionary<string, object?>();
        if (type.Methods.FirstOrDefault(m => m is { IsConstructor: true, IsStatic: true }) is not { } constructor)
        {
            return fields;
        }

        var stack = new Stack<object?>();
        var code = constructor.Body.Instructions;
        for (var i = 0; i < code.Count; i++)
        {
            if (!Step(code[i], stack, fields, context))
            {
                // What the rest may still write is not known.
                foreach (var rest in code.Skip(i).Where(r => r.OpCode.Code is Code.Stsfld or Code.Ldsflda))
                {
                    fields.Remove(((FieldReference)rest.Operand).Name);
                }

                break;
            }
        }

        return fields;
    }

    private bool Step(Instruction instruction, Stack<object?> stack, Dictionary<string, object?> fields, GenericContext context)
    {
        switch (instruction.OpCode.Code)
        {
            case Code.Nop:
                return true;
            case Code.Ret:
                return false;
            case Code.Dup:
                stack.Push(stack.Peek());
                return true;
            case Code.Pop:
                stack.Pop();
                return true;
            case Code.Ldc_I8:
                stack.Push((long)instruction.Operand);
                return true;
            case Code.Conv_I8:
                return true;
            case Code.Conv_U8:
                stack.Push(stack.Pop() is long v ? (long)(uint)v : null);
                return true;
            case Code.Sizeof:
                stack.Push((long)types.SizeOf(context.Close((TypeReference)instruction.Operand)));
                return true;
            case Code.Ldsfld:
                var source = (FieldReference)instruction.Operand;
                stack.Push(fields.GetValueOrDefault(source.Name));
                return true;
            case Code.Stsfld:
                fields[((FieldReference)instruction.Operand).Name] = stack.Pop();
                return true;
            case Code.Newarr:
                var element = context.Close((TypeReference)instruction.Operand);
                stack.Push(stack.Pop() is long length && IsScalar(element) ? new ArrayLiteral(element, new byte[length * types.SizeOf(element)]) : null);
                return true;
            case Code.Stelem_I1 or Code.Stelem_I2 or Code.Stelem_I4 or Code.Stelem_I8 or Code.Stelem_Any:
                StoreElement(stack);
                return true;
            case Code.Ldtoken:
                stack.Push((instruction.Operand as FieldReference)?.Resolve()?.InitialValue);
                return true;
            case Code.Newobj:
                var method = (MethodReference)instruction.Operand;
                var arguments = PopArguments(stack, method.Parameters.Count);
                stack.Push(new NewObject(context.Close(method.DeclaringType), arguments));
                return true;
            case Code.Call:
                return Call((MethodReference)instruction.Operand, stack);
        }

        if (Opcodes.ConstantOf(instruction) is { } constant)
        {
            stack.Push((long)constant);
            return true;
        }

        return false;
    }

    private bool IsScalar(TypeReference type)
    {
        try
        {
            return types.Classify(type) is { IsStruct: false, Type: ValueType.I32 or ValueType.I64 };
        }
        catch (Refusal)
        {
            return false;
        }
    }

    private static bool Call(MethodReference method, Stack<object?> stack)
    {
        var arguments = PopArguments(stack, method.Parameters.Count + (method.HasThis ? 1 : 0));
        if (method is { Name: "InitializeArray", DeclaringType.Name: "RuntimeHelpers" } && arguments is [ArrayLiteral literal, byte[] data])
        {
            data.AsSpan(0, literal.Data.Length).CopyTo(literal.Data);
        }
        else if (method.ReturnType.MetadataType != MetadataType.Void)
        {
            stack.Push(null);
        }

        return true;
    }

    private void StoreElement(Stack<object?> stack)
    {
        var value = stack.Pop();
        var index = stack.Pop();
        if (stack.Pop() is ArrayLiteral literal && value is long stored && index is long at)
        {
            var size = types.SizeOf(literal.ElementType);
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, stored);
            bytes[..size].CopyTo(literal.Data.AsSpan((int)at * size));
        }
    }

    private static object?[] PopArguments(Stack<object?> stack, int count)
    {
        var arguments = new object?[count];
        for (var i = count - 1; i >= 0; i--)
        {
            arguments[i] = stack.Pop();
        }

        return arguments;
    }

    private sealed record NewObject(TypeReference Type, object?[] Arguments);

    private sealed record ArrayLiteral(TypeReference ElementType, byte[] Data);
}

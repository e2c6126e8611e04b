using System.Globalization;
using System.Text;

namespace Weir.Bpf.Compiler.Ir;

/// <summary>The intermediate form as text, for people who look for a fault.</summary>
public static class IrPrinter
{
    public static string Print(Module module)
    {
        var text = new StringBuilder();
        foreach (var map in module.Maps)
        {
            text.Append(CultureInfo.InvariantCulture, $"map {map.Name} type {map.Type} key {map.KeySize} value {map.ValueSize} entries {map.MaxEntries}\n");
        }

        foreach (var function in module.Functions)
        {
            text.Append(Print(function));
        }

        return text.ToString();
    }

    public static string Print(Function function)
    {
        var text = new StringBuilder();
        var numbers = new Dictionary<Value, int>();
        var blocks = new Dictionary<Block, int>();
        foreach (var block in function.Blocks)
        {
            blocks[block] = blocks.Count;
            foreach (var value in block.Values)
            {
                numbers[value] = numbers.Count;
            }
        }

        string Name(Value value) => numbers.TryGetValue(value, out var number) ? $"v{number}" : "v?";
        string BlockName(Block block) => blocks.TryGetValue(block, out var number) ? $"b{number}" : "b?";

        text.Append(CultureInfo.InvariantCulture, $"{function.Kind} {function.Name}(");
        text.AppendJoin(", ", function.Parameters.Select(p => $"{p.Type} {p.Name}"));
        text.Append(CultureInfo.InvariantCulture, $"): {function.ReturnType}{(function.Section is null ? "" : $" in {function.Section}")}\n");
        foreach (var slot in function.StackSlots)
        {
            text.Append(CultureInfo.InvariantCulture, $"  slot {slot.Name} {slot.Size} bytes aligned {slot.Alignment}\n");
        }

        foreach (var block in function.Blocks)
        {
            text.Append(CultureInfo.InvariantCulture, $"{BlockName(block)}:");
            if (block.Predecessors.Count > 0)
            {
                text.Append(" from ").AppendJoin(", ", block.Predecessors.Select(BlockName));
            }

            text.Append('\n');
            foreach (var value in block.Values)
            {
                text.Append("  ");
                if (value.Type != ValueType.Void)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{Name(value)}: {value.Type} = ");
                }

                text.Append(Describe(value, Name));
                if (value.IsTerminator && block.Successors.Count > 0)
                {
                    text.Append(" -> ").AppendJoin(", ", block.Successors.Select(BlockName));
                }

                if (value.Location is { } location)
                {
                    text.Append(CultureInfo.InvariantCulture, $"  ; {location.File}:{location.Line}");
                }

                text.Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Describe(Value value, Func<Value, string> name)
    {
        var text = new StringBuilder(value.Op.ToString());
        if (value.Op is Op.Compare or Op.Branch)
        {
            text.Append('.').Append(value.Comparison);
        }

        if (value.Size != 0)
        {
            text.Append('.').Append(value.Size.ToString(CultureInfo.InvariantCulture));
        }

        if (value.Symbol is { } symbol)
        {
            text.Append(' ').Append(symbol switch
            {
                MapSymbol map => map.Name,
                Function function => function.Name,
                StackSlot slot => slot.Name,
                HelperSymbol helper => helper.Name,
                _ => symbol.ToString(),
            });
        }

        if (value.Operands.Count > 0)
        {
            text.Append(' ').AppendJoin(", ", value.Operands.Select(name));
        }

        if (value.Immediate != 0 || value.Op is Op.Constant or Op.Parameter or Op.CallHelper)
        {
            text.Append(CultureInfo.InvariantCulture, $" #{value.Immediate}");
        }

        if (value.Immediate2 != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" #{value.Immediate2}");
        }

        return text.Append(value.IsContextPointer ? " ctxptr" : "").Append(value.IsContextAccess ? " ctx" : "").Append(value.IsVolatile ? " volatile" : "").ToString();
    }
}

using System.Collections.Immutable;

namespace Weir.Model.Rules;

/// <summary>Names and hooks of the tables.</summary>
public static class TableKinds
{
    /// <summary>Every table, in <see cref="TableKind"/>'s order.</summary>
    public static ImmutableArray<TableKind> All { get; } = [TableKind.Raw, TableKind.Mangle, TableKind.Nat, TableKind.Filter];

    /// <summary>The name that -t takes.</summary>
    public static string Name(this TableKind table) => table switch
    {
        TableKind.Raw => "raw",
        TableKind.Mangle => "mangle",
        TableKind.Nat => "nat",
        _ => "filter",
    };

    /// <summary>The table of a name.</summary>
    public static bool TryParse(string name, out TableKind table)
    {
        foreach (var kind in All)
        {
            if (kind.Name() != name) continue;
            table = kind;
            return true;
        }
        table = default;
        return false;
    }

    /// <summary>The hooks at which the table has a chain, in listing order.</summary>
    public static ImmutableArray<Hook> Hooks(this TableKind table) => table switch
    {
        TableKind.Raw => [Hook.Prerouting, Hook.Output],
        TableKind.Mangle => [Hook.Prerouting, Hook.Input, Hook.Forward, Hook.Output, Hook.Postrouting],
        TableKind.Nat => [Hook.Prerouting, Hook.Input, Hook.Output, Hook.Postrouting],
        _ => [Hook.Input, Hook.Forward, Hook.Output],
    };

    /// <summary>The name of the built-in chain at a hook.</summary>
    public static string ChainName(this Hook hook) => hook switch
    {
        Hook.Prerouting => "PREROUTING",
        Hook.Input => "INPUT",
        Hook.Forward => "FORWARD",
        Hook.Output => "OUTPUT",
        _ => "POSTROUTING",
    };
}

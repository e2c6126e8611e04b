using System.Text;
using Weir.Iptables.Editing;

namespace Weir.Iptables.Extensions;

/// <summary>
/// A match or a target: its options, how they become a record, how the record is printed, what the kernel accepts, and how it is stored. A
/// new one is a class of its own and a line in <see cref="ExtensionList"/>.
/// </summary>
internal abstract class Extension
{
    /// <summary>The name after -m or -j.</summary>
    public abstract string Name { get; }

    /// <summary>The text that -h adds.</summary>
    public abstract string Help { get; }

    /// <summary>The options, in the original's order (abbreviations are looked up in it).</summary>
    public abstract ExtensionOption[] Options { get; }

    /// <summary>The type of the record.</summary>
    public abstract Type Record { get; }

    /// <summary>The record before any option.</summary>
    public abstract object Start(RuleDraft rule);

    /// <summary>The record after an option.</summary>
    public abstract object Parse(object record, OptionCall call);

    /// <summary>The record after the last option; <paramref name="used"/> has the bits of the options that were given.</summary>
    public abstract object Finish(object record, uint used);

    /// <summary>Writes the part of a -L line, with a blank before it.</summary>
    public abstract void List(object record, ListContext context);

    /// <summary>Writes the options of a -S line, each with a blank before it.</summary>
    public abstract void Save(object record, StringBuilder output);

    /// <summary>Whether the kernel accepts it there.</summary>
    public abstract Errno Check(object record, KernelContext context);

    /// <summary>Writes the record's fields.</summary>
    public abstract void Encode(object record, FieldWriter fields);

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    public abstract object Decode(ref FieldReader fields);
}

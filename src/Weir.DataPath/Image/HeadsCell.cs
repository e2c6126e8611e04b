using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>Cell 1 of an image: where the built-in chains begin.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct HeadsCell
{
    /// <summary>Cell of the first rule (or policy) by <see cref="BuiltInChain"/>; 0: the table is not loaded.</summary>
    [FieldOffset(0)] public fixed uint Chains[14];
}

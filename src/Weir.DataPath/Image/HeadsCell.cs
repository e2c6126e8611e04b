using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>
/// Cells 1 and 2 of an image, by <see cref="BuiltInChain"/>: in cell 1 where the chains begin, in cell 2 where their policies are (for RETURN, and the
/// end of a chain that was reached by goto).
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct HeadsCell
{
    /// <summary>The cell that holds the beginnings.</summary>
    public const uint First = 1;

    /// <summary>The cell that holds the policies.</summary>
    public const uint Policies = 2;

    /// <summary>A cell; 0: the table is not loaded.</summary>
    [FieldOffset(0)] public fixed uint Chains[14];
}

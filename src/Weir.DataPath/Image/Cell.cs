using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>The unit of an image: 64 bytes, seen through the cell structs of this folder.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct Cell
{
    /// <summary>Bytes in a cell.</summary>
    public const int Size = 64;

    [FieldOffset(0)] public CellKind Kind;
    [FieldOffset(0)] public fixed ulong Words[8];
}

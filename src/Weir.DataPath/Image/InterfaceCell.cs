using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>The device names of a rule, zero-padded, with masks (0xff for each byte that must be equal; the end's zero included unless the name ends in "+").</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct InterfaceCell
{
    [FieldOffset(0)] public fixed byte In[16];
    [FieldOffset(16)] public fixed byte InMask[16];
    [FieldOffset(32)] public fixed byte Out[16];
    [FieldOffset(48)] public fixed byte OutMask[16];
    [FieldOffset(0)] public fixed ulong Words[8];
}

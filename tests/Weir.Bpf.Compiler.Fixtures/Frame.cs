using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Fixtures;

/// <summary>The packet of all fixtures: inputs, then outputs.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Frame
{
    public const int Size = 192;

    public int A;
    public int B;
    public uint C;
    public uint D;
    public long E;
    public long F;
    public ulong G;
    public ulong H;
    public byte I;
    public sbyte J;
    public ushort K;
    public short L;
    public ushort Pad;
    public uint M;
    public uint N;
    public fixed ulong Out[16];

    /// <summary>The packet as a frame, or null if it is too short.</summary>
    public static Frame* Of(SkBuff* skb)
    {
        byte* data = SkBuff.Data(skb);
        if (data + sizeof(Frame) > SkBuff.DataEnd(skb)) return null;
        return (Frame*)data;
    }
}

using Weir.Bpf.Programs;

namespace Weir.DataPath.Rules;

/// <summary>The LOG target.</summary>
public static unsafe class Log
{
    /// <summary>Puts the packet into <see cref="Maps.LogEvents"/>; <paramref name="cell"/> is the <see cref="Image.LogTargetCell"/> in the packet's image.</summary>
    /// <returns>0.</returns>
    [Subprogram(Global = true)]
    public static int Write(SkBuff* skb, Packet* packet, uint cell) => 0;
}

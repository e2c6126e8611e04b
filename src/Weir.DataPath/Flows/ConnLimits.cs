using Weir.Bpf.Programs;

namespace Weir.DataPath.Flows;

/// <summary>Counts of connlimit: which flows are in which.</summary>
internal static unsafe class ConnLimits
{
    /// <summary>Takes the flow out of all counts (it closed or ends).</summary>
    public static void Leave(FlowTuple* original, Flow* flow)
    {
        if (flow->ConnLimit0 != 0) Subtract(original, flow, flow->ConnLimit0);
        if (flow->ConnLimit1 != 0) Subtract(original, flow, flow->ConnLimit1);
        if (flow->ConnLimit2 != 0) Subtract(original, flow, flow->ConnLimit2);
        flow->ConnLimit0 = 0;
        flow->ConnLimit1 = 0;
        flow->ConnLimit2 = 0;
    }

    /// <summary>The key of a membership.</summary>
    public static void KeyOf(FlowTuple* original, Flow* flow, uint member, ConnLimitKey* key)
    {
        var side = (member >> ConnLimitMember.SideShift) & 3;
        if (side == ConnLimitMember.OriginalSource) key->Address = original->Source;
        else if (side == ConnLimitMember.OriginalDestination) key->Address = original->Destination;
        else if (side == ConnLimitMember.ReplySource) key->Address = flow->Reply.Source;
        else key->Address = flow->Reply.Destination;
        key->Address.Word3Be &= MaskBe((member >> ConnLimitMember.PrefixShift) & 63);
        key->StateSlot = member & 0xffff;
        key->Zero0 = 0;
    }

    private static void Subtract(FlowTuple* original, Flow* flow, uint member)
    {
        ConnLimitKey key = default;
        KeyOf(original, flow, member, &key);
        var count = Maps.ConnLimits.Lookup(&key);
        if (count == null) return;
        if (Interlocked.Add(ref *count, -1) <= 0) Maps.ConnLimits.Delete(&key);
    }

    private static uint MaskBe(uint length)
    {
        if (length == 0) return 0;
        if (length >= 32) return uint.MaxValue;
        return System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(uint.MaxValue << (int)(32 - length));
    }
}

using Weir.Bpf.Programs;
using Weir.DataPath.Flows;

namespace Weir.DataPath.Rules;

/// <summary>
/// Verdicts that flows remember (<see cref="Verdict"/>). A walk is remembered where all that it asked about the packet is in the verdict's key or does not change within
/// a direction of a flow; what asks for more (TCP flags, counts, chance, time, statuses) says so with <see cref="PacketFlags.Varies"/>.
/// </summary>
public static unsafe class Memory
{
    /// <summary>Beside the look-up of the packet's flow, where chains wait on the way out: takes its verdict along.</summary>
    public static void Take(Packet* packet, Flow* flow)
    {
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return;
        var from = (ulong*)(packet->Direction == 0 ? flow->Verdict0 : flow->Verdict1);
        for (var i = 0; i < Verdict.Words; i++) scratch->Verdict[i] = from[i];
    }

    /// <summary>Before the chains are walked: whether the flow remembers what comes of it. Its rules then count the packet, else the walk is watched.</summary>
    /// <returns>1: it does.</returns>
    [Subprogram(Global = true)]
    public static int Holds(Packet* packet)
    {
        if (packet == null) return 0;
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return 0;
        scratch->PathCount = 0;
        packet->Flags &= ~PacketFlags.Varies;
        var verdict = (Verdict*)scratch->Verdict;
        if (!Holds(verdict, GenerationOf(packet), packet)) return 0;
        Count(verdict, packet->Length);
        return 1;
    }

    /// <summary>Whether a verdict is that of a packet's like, under the rules of a generation.</summary>
    internal static bool Holds(Verdict* verdict, uint generation, Packet* packet) =>
        verdict->Generation != 0 && verdict->Generation == generation && verdict->Mark == packet->Mark && verdict->OutIfIndex == packet->OutIfIndex &&
        verdict->State == (ushort)packet->State;

    /// <summary>The rules that led to a verdict count another packet.</summary>
    internal static void Count(Verdict* verdict, uint bytes)
    {
        uint count = verdict->Count;
        for (var i = 0; i < Verdict.MostSlots; i++)
        {
            if (i >= count) break;
            Walk.Count(verdict->Slots[i], bytes);
        }
    }

    /// <summary>After the chains let the packet through: the flow remembers it where that holds for others.</summary>
    /// <returns>0.</returns>
    [Subprogram(Global = true)]
    public static int Keep(Packet* packet)
    {
        if (packet == null || (packet->Flags & PacketFlags.Varies) != 0 || packet->Protocol == Parse.Icmp) return 0;
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return 0;
        var count = scratch->PathCount;
        if (count > Verdict.MostSlots) return 0;
        var flow = FlowTable.Lookup(&packet->Original);
        if (flow == null) return 0;
        var verdict = (Verdict*)(packet->Direction == 0 ? flow->Verdict0 : flow->Verdict1);
        // Nobody takes a half-written one along: the generation goes first and comes last.
        Interlocked.Exchange(ref verdict->Generation, 0);
        verdict->Mark = packet->Mark;
        verdict->OutIfIndex = packet->OutIfIndex;
        verdict->State = (ushort)packet->State;
        verdict->Count = (ushort)count;
        for (var i = 0; i < Verdict.MostSlots; i++) verdict->Slots[i] = scratch->Path[i];
        Interlocked.Exchange(ref verdict->Generation, GenerationOf(packet));
        return 0;
    }

    /// <summary>A rule or a policy counts the packet.</summary>
    public static void Note(uint slot)
    {
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return;
        var count = scratch->PathCount;
        if (count < Verdict.MostSlots) scratch->Path[count & (Verdict.MostSlots - 1)] = slot;
        scratch->PathCount = count + 1;
    }

    /// <summary>The whole generation of the image that the packet is judged by. (One that was overtaken by more than a few changes is dropped at its end.)</summary>
    private static uint GenerationOf(Packet* packet)
    {
        var word = Maps.Active.At(0);
        if (word == null) return 0;
        var now = (uint)(*word >> Image.ActiveImage.GenerationShift);
        return now - (byte)((byte)now - packet->Generation);
    }
}

using Weir.Bpf.Programs;
using Weir.DataPath.Services;

namespace Weir.DataPath.Flows;

/// <summary>Putting flows into the table and taking them out.</summary>
public static unsafe class FlowTable
{
    private const ulong ClockMonotonic = 1;
    private const int Full = -7;

    /// <summary>What entering and confirming give, beside a <see cref="TcAction"/>, where nothing tells the flow's answers from those of another.</summary>
    public const int Taken = -2;

    /// <summary>The flow of a tracked packet, in the table or still pending; null where there is none.</summary>
    public static Flow* Of(Packet* packet) =>
        (packet->Flags & PacketFlags.NewFlow) != 0 ? Pending() : Lookup(&packet->Original);

    /// <summary>The flow of an original tuple; null where there is none.</summary>
    public static Flow* Lookup(FlowTuple* original)
    {
        // Before Linux 6.2 memory that a sub-program was given is no key for a map: it must be copied to the stack.
        var key = *original;
        return Maps.Flows.Lookup(&key);
    }

    /// <summary>The original tuple of the flow whose reply tuple (or translated original, see <see cref="FlowTuple.Translated"/>) this is.</summary>
    public static FlowTuple* LookupReply(FlowTuple* reply)
    {
        var key = *reply;
        return Maps.Replies.Lookup(&key);
    }

    /// <summary>The flow that the packet is making. Its timer must not be touched.</summary>
    public static Flow* Pending()
    {
        var scratch = Maps.Scratches.At(0);
        return scratch == null ? null : (Flow*)scratch->Pending;
    }

    /// <summary>How a flow is entered: its first packet goes through the stack.</summary>
    public const uint Unconfirmed = 0;

    /// <summary>It is at the end of its way: the flow is confirmed.</summary>
    public const uint Staying = 1;

    /// <summary>It leaves from ingress: the flow is confirmed, and nobody looks for the translated tuple until a packet goes through the stack (<see cref="EnterTranslated(Packet*)"/>).</summary>
    public const uint Leaving = 2;

    /// <summary>Puts the pending flow into the table; confirmed with its reply tuple where the packet is at the end of its way.</summary>
    /// <returns>A <see cref="TcAction"/>: Shot where the table is full; or <see cref="Taken"/>.</returns>
    [Subprogram(Global = true)]
    public static int Insert(Packet* packet, uint how)
    {
        if (packet == null) return TcAction.Shot;
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return TcAction.Shot;
        var pending = (Flow*)scratch->Pending;
        var original = packet->Original;
        var confirm = how != Unconfirmed;
        if (confirm)
        {
            if ((packet->Flags & PacketFlags.Unlike) == 0 && IsOriginalOfAnother(&pending->Reply, &original)) return Taken;
            if (Maps.Replies.Update(&pending->Reply, &original, UpdateMode.NoExist) != 0) return Clash(packet, pending);
            pending->Status |= FlowStatus.Confirmed | FlowStatus.ReplyKnown;
        }
        var isTranslated = how != Leaving && (pending->Status & FlowStatus.DestinationNat) != 0;
        pending->TranslatedIdBe = pending->Reply.SourcePortBe;
        if (isTranslated && !EnterTranslated(scratch, pending, &original))
        {
            if (confirm) Maps.Replies.Delete(&pending->Reply);
            return NoPort();
        }
        var result = Maps.Flows.Update(&original, pending, UpdateMode.NoExist);
        if (result != 0)
        {
            if (isTranslated) Maps.Replies.Delete(&scratch->Key);
            if (confirm) Maps.Replies.Delete(&pending->Reply);
            if (result == Full) Statistics.FlowsFull();
            return TcAction.Shot;
        }
        packet->Flags &= ~PacketFlags.NewFlow;
        packet->FlowStatus = pending->Status;
        var flow = Maps.Flows.Lookup(&original);
        if (flow == null) return TcAction.Shot;
        Arm(flow);
        EnterRing(packet, scratch);
        Statistics.FlowsCreated();
        return TcAction.Continue;
    }

    /// <summary>Confirms a flow that an earlier program put into the table.</summary>
    /// <returns>A <see cref="TcAction"/>, or <see cref="Taken"/>.</returns>
    [Subprogram(Global = true)]
    public static int Confirm(Packet* packet)
    {
        if (packet == null) return TcAction.Shot;
        var original = packet->Original;
        var flow = Maps.Flows.Lookup(&original);
        if (flow == null) return TcAction.Shot;
        if ((flow->Status & FlowStatus.Confirmed) != 0) return TcAction.Continue;
        if ((packet->Flags & PacketFlags.Unlike) == 0 && IsOriginalOfAnother(&flow->Reply, &original)) return Taken;
        if (Maps.Replies.Update(&flow->Reply, &original, UpdateMode.NoExist) != 0)
        {
            var owner = Maps.Replies.Lookup(&flow->Reply);
            if (owner == null || !Tuples.Equal(owner, &original)) return Taken;
        }
        Set(flow, FlowStatus.Confirmed | FlowStatus.ReplyKnown);
        packet->FlowStatus = flow->Status;
        return TcAction.Continue;
    }

    /// <summary>A packet of a flow that was entered with <see cref="Leaving"/> goes through the stack: its translated tuple is entered for the egress program.</summary>
    /// <returns>0.</returns>
    [Subprogram(Global = true)]
    public static int EnterTranslated(Packet* packet)
    {
        if (packet == null) return 0;
        var scratch = Maps.Scratches.At(0);
        var flow = Lookup(&packet->Original);
        if (scratch == null || flow == null) return 0;
        var original = packet->Original;
        Tuples.Translated(&original, flow, 0, &scratch->Key);
        for (uint way = 0; way < FlowTuple.Ways; way++)
        {
            scratch->Key.Side = (byte)(FlowTuple.Translated + way);
            if (Maps.Replies.Update(&scratch->Key, &original, UpdateMode.NoExist) != 0) continue;
            // Where another processor came first, or the flow has ended, the entry is nobody's.
            if (!Claim(flow, FlowStatus.TranslatedKnown | (FlowStatus)(way << FlowTuple.WayShift))) Maps.Replies.Delete(&scratch->Key);
            packet->FlowStatus |= flow->Status & (FlowStatus.TranslatedKnown | FlowStatus.Way);
            return 0;
        }
        return 0;
    }

    /// <summary>The packet is dropped, or goes without a flow of its own: an unconfirmed flow ends.</summary>
    /// <returns>0.</returns>
    [Subprogram(Global = true)]
    public static int Abandon(Packet* packet)
    {
        if (packet == null) return 0;
        if ((packet->Flags & PacketFlags.NewFlow) != 0)
        {
            packet->Flags &= ~PacketFlags.NewFlow;
            var pending = Pending();
            if (pending == null) return 0;
            ConnLimits.Leave(&packet->Original, pending);
            if ((pending->Status & FlowStatus.Service) != 0) VirtualServices.Ended(&packet->Original, pending);
            return 0;
        }
        var flow = Lookup(&packet->Original);
        if (flow != null && (flow->Status & FlowStatus.Confirmed) == 0) Delete(&packet->Original, flow);
        return 0;
    }

    /// <summary>Takes a flow out of the table with all that counts it. The flow may still be read until the program ends.</summary>
    public static void Delete(FlowTuple* original, Flow* flow)
    {
        // Whoever comes second finds the bit set.
        if ((Set(flow, FlowStatus.Dying) & FlowStatus.Dying) != 0) return;
        if ((flow->Status & FlowStatus.ReplyKnown) != 0) Maps.Replies.Delete(&flow->Reply);
        FlowTuple key;
        if ((flow->Status & FlowStatus.TranslatedKnown) != 0)
        {
            Tuples.Translated(original, flow, (uint)(flow->Status & FlowStatus.Way) >> FlowTuple.WayShift, &key);
            Maps.Replies.Delete(&key);
        }
        ConnLimits.Leave(original, flow);
        if ((flow->Status & FlowStatus.Service) != 0) VirtualServices.Ended(original, flow);
        key = *original;
        Maps.Flows.Delete(&key);
    }

    /// <summary>Sets status bits atomically; returns what they were.</summary>
    public static FlowStatus Set(Flow* flow, FlowStatus bits) =>
        (FlowStatus)Interlocked.Or(ref *(uint*)&flow->Status, (uint)bits);

    /// <summary>What a flow's timer calls: most often the end has moved meanwhile.</summary>
    public static int Expire(HashMap<FlowTuple, Flow> map, FlowTuple* key, Flow* flow)
    {
        var now = Helpers.KtimeGetNs();
        if (flow->Expires > now)
        {
            flow->Armed = flow->Expires;
            Helpers.TimerStart(&flow->Timer, flow->Expires - now, 0);
            return 0;
        }
        Delete(key, flow);
        Statistics.FlowsExpired();
        return 0;
    }

    /// <summary>Whether answers would be taken for another flow's first packets (protocols without ports to choose from).</summary>
    private static bool IsOriginalOfAnother(FlowTuple* reply, FlowTuple* original) => Maps.Flows.Lookup(reply) != null && !Tuples.Equal(reply, original);

    private static bool EnterTranslated(Scratch* scratch, Flow* pending, FlowTuple* original)
    {
        Tuples.Translated(original, pending, 0, &scratch->Key);
        for (uint way = 0; way < FlowTuple.Ways; way++)
        {
            scratch->Key.Side = (byte)(FlowTuple.Translated + way);
            if (Maps.Replies.Update(&scratch->Key, original, UpdateMode.NoExist) != 0) continue;
            pending->Status |= FlowStatus.TranslatedKnown | (FlowStatus)(way << FlowTuple.WayShift);
            return true;
        }
        return false;
    }

    private static bool Claim(Flow* flow, FlowStatus bits)
    {
        // Others may set other bits meanwhile.
        for (var attempt = 0; attempt < 4; attempt++)
        {
            var old = *(uint*)&flow->Status;
            if ((old & (uint)(FlowStatus.TranslatedKnown | FlowStatus.Dying)) != 0) return false;
            if (Interlocked.CompareExchange(ref *(uint*)&flow->Status, old | (uint)bits, old) == old) return true;
        }
        return false;
    }

    private static int Clash(Packet* packet, Flow* pending)
    {
        // Two packets of one new flow on two processors: the other one's flow is as good.
        var owner = Maps.Replies.Lookup(&pending->Reply);
        if (owner == null || !Tuples.Equal(owner, &packet->Original)) return Taken;
        ConnLimits.Leave(&packet->Original, pending);
        if ((pending->Status & FlowStatus.Service) != 0) VirtualServices.Ended(&packet->Original, pending);
        packet->Flags &= ~PacketFlags.NewFlow;
        return TcAction.Continue;
    }

    /// <summary>Nothing tells the flow's answers from those of another, whatever was tried.</summary>
    public static int NoPort()
    {
        Statistics.NoPort();
        return TcAction.Shot;
    }

    private static void Arm(Flow* flow)
    {
        var now = Helpers.KtimeGetNs();
        Helpers.TimerInit(&flow->Timer, Maps.Flows, ClockMonotonic);
        delegate*<HashMap<FlowTuple, Flow>, FlowTuple*, Flow*, int> callback = &Expire;
        Helpers.TimerSetCallback(&flow->Timer, callback);
        flow->Armed = flow->Expires;
        Helpers.TimerStart(&flow->Timer, flow->Expires > now ? flow->Expires - now : 0, 0);
    }

    /// <summary>
    /// The newest unreplied flows stand in a ring; who takes a place puts out who stood there, if still unreplied. So a flood of new flows displaces
    /// itself and never an established flow.
    /// </summary>
    private static void EnterRing(Packet* packet, Scratch* scratch)
    {
        var next = Maps.EmbryonicNext.At(0);
        if (next == null) return;
        var index = (uint)(Interlocked.Add(ref *next, 1) - 1) & Maps.Settings.Value->EmbryonicMask;
        var place = Maps.Embryonic.At(index);
        if (place == null) return;
        scratch->Key = *place;
        *place = packet->Original;
        if (scratch->Key.Protocol == 0) return;
        var old = Maps.Flows.Lookup(&scratch->Key);
        if (old == null || (old->Status & (FlowStatus.SeenReply | FlowStatus.Assured)) != 0) return;
        // The same flow may have entered again after it ended.
        if (Tuples.Equal(&scratch->Key, &packet->Original)) return;
        Delete(&scratch->Key, old);
        Statistics.FlowsEvicted();
    }
}

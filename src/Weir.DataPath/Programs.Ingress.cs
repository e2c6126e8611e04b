using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Nat;
using Weir.DataPath.Rules;
using Weir.DataPath.Services;

namespace Weir.DataPath;

/// <summary>What comes in: to this host, to a server, or onward.</summary>
public static unsafe partial class Programs
{
    private static int RunIngress(SkBuff* skb, uint networkOffset)
    {
        var family = skb->ProtocolBe;
        // A tag means that the packet is on its way to a VLAN device, where it will be seen.
        if ((family != IPv4Be && family != IPv6Be) || skb->VlanPresent != 0 || skb->PacketType == OtherHost) return TcAction.Next;
        var word = Maps.Active.At(0);
        if (word == null) return TcAction.Next;
        var live = *word;
        var active = (uint)live;
        if ((active & ActiveImage.Loaded) == 0) return TcAction.Next;
        if (family != IPv4Be)
        {
            if ((active & ActiveImage.Services) == 0) return TcAction.Next;
            active &= ActiveImage.ForIPv6;
        }
        // Notes of another namespace arrive through veth devices: only the loopback device's can be trusted.
        var note = skb->IfIndex == Maps.Settings.Value->LoopbackIfIndex ? skb->TcIndex : 0;
        skb->TcIndex = 0;
        if ((note & Note.Own) != 0) return TcAction.Next;
        // On the loopback device egress did everything but the chains of what comes in.
        if ((note & Note.Present) != 0 && (active & ActiveImage.Arriving) == 0) return TcAction.Next;
        Packet packet = default;
        packet.Active = active;
        packet.Generation = (byte)(live >> ActiveImage.GenerationShift);
        packet.ImageSlot = (byte)(active & ActiveImage.SlotMask);
        packet.Mark = skb->Mark;
        packet.InIfIndex = skb->IfIndex;
        if (family == IPv4Be)
        {
            if (!Parse.TryIPv4(skb, &packet, networkOffset)) return Malformed();
        }
        else if (Parse.IPv6(skb, &packet, networkOffset) == 0)
        {
            return TcAction.Next;
        }
        if ((packet.Flags & PacketFlags.Fragment) != 0 && Parse.FollowFragment(&packet, 0) == 0 && (active & ActiveImage.Tracking) != 0)
            return family == IPv4Be ? UnknownFragment() : TcAction.Next;
        if ((note & Note.Present) != 0)
        {
            packet.Flags |= PacketFlags.Seen;
            packet.Direction = (note & Note.Reply) != 0 ? (byte)1 : (byte)0;
            var state = (TrackState)(note >> Note.StateShift & 7);
            if (state == TrackState.Untracked) packet.State = TrackState.Untracked;
            if ((note & Note.Answer) != 0 || (packet.Flags & PacketFlags.IcmpError) != 0)
            {
                // Their flows are not found by what they look like now.
                packet.State = state;
                packet.FlowStatus = FlowStatus.Confirmed;
            }
        }
        var action = Prerouting(skb, &packet, active);
        if (action == TcAction.Continue) action = Deliver(skb, &packet, active);
        return Finish(skb, &packet, action);
    }

    private static int Prerouting(SkBuff* skb, Packet* packet, uint active)
    {
        packet->Hook = Hook.Prerouting;
        var action = Meet(skb, packet, active, BuiltInChain.RawPrerouting);
        if (action == TcAction.Continue && (active & ActiveImage.Tracking) != 0 && packet->State == TrackState.None)
            action = Tracking.Track(skb, packet, (packet->Flags & PacketFlags.Seen) != 0 ? Tracking.AsSent : Tracking.AsArrived);
        if (action == TcAction.Continue) action = Meet(skb, packet, active, BuiltInChain.ManglePrerouting);
        if (action != TcAction.Continue) return action;
        if ((packet->Flags & PacketFlags.Seen) != 0) return TcAction.Continue;
        if (Has(active, BuiltInChain.NatPrerouting) && IcmpErrors.IsLostRedirect(packet)) return TcAction.Shot;
        if (Has(active, BuiltInChain.NatPrerouting) && IsNatDue(packet, FlowStatus.DestinationNatDone))
        {
            action = Walk.Chain(skb, packet, (uint)BuiltInChain.NatPrerouting);
            if (action != TcAction.Continue) return action;
            Bind(packet, FlowStatus.DestinationNatDone);
        }
        if (!Rewrite.IsNeeded(packet, Rewrite.Destination)) return TcAction.Continue;
        // A virtual service's packet keeps the virtual address until it passed the INPUT chains.
        if (packet->Direction == 0 && (packet->FlowStatus & FlowStatus.Service) != 0)
            return (packet->FlowStatus & FlowStatus.VirtualNat) != 0 ? Rewrite.ToVirtual(skb, packet) : TcAction.Continue;
        return Rewrite.ToFlow(skb, packet, Rewrite.Destination);
    }

    private static int Deliver(SkBuff* skb, Packet* packet, uint active)
    {
        RedirectNeighbour next = default;
        var canLeave = false;
        var isVirtual = false;
        int action;
        if ((active & ActiveImage.Services) != 0)
        {
            if ((active & ActiveImage.Input) == 0 && VirtualServices.MayBegin(packet))
            {
                // No rule can come between: the look-up of the service is also the choice of the server.
                packet->Hook = Hook.Input;
                action = VirtualServices.Begin(skb, packet);
                if (action != TcAction.Continue && action != VirtualServices.IsNone) return action;
                isVirtual = action == TcAction.Continue;
            }
            else
            {
                isVirtual = VirtualServices.IsVirtual(packet);
            }
        }
        if (!isVirtual)
        {
            if (Guard.IsDue(packet, active))
            {
                packet->Hook = Hook.Input;
                action = Guard.Check(skb, packet);
                if (action != TcAction.Continue) return action;
            }
            // The way onward of what belongs to no flow that is known says whether it is for this host, too.
            var way = IsUnknown(packet, active) ? WayOnward(skb, packet, active, &next) : Routing.ByStack;
            canLeave = way == Routing.AtOnce;
            if (canLeave || (way != Routing.ToHere && !IsLocal(skb, packet, active))) return Onward(skb, packet, active, canLeave, &next);
        }
        packet->Hook = Hook.Input;
        action = Meet(skb, packet, active, BuiltInChain.MangleInput);
        if (action == TcAction.Continue) action = Meet(skb, packet, active, BuiltInChain.FilterInput);
        if (action != TcAction.Continue) return action;
        if (isVirtual)
        {
            action = ToServer(skb, packet);
            if (action != TcAction.Continue) return action;
            if ((packet->Flags & PacketFlags.Undecided) != 0)
            {
                canLeave = WayOnward(skb, packet, active, &next) == Routing.AtOnce;
                if (!canLeave) VirtualServices.Decide(skb, packet);
            }
            if ((packet->FlowStatus & FlowStatus.LocalIn) == 0)
            {
                if (!VirtualServices.IsRouted(packet)) return Onward(skb, packet, active, canLeave, &next);
                action = ToForward(skb, packet, active);
                return action == TcAction.Continue ? VirtualServices.ToServer(skb, packet) : action;
            }
        }
        else if ((packet->FlowStatus & FlowStatus.Service) != 0 && (packet->Flags & PacketFlags.Seen) == 0)
        {
            action = VirtualServices.Outbound(packet);
            if (action != TcAction.Continue) return action;
        }
        if ((active & ActiveImage.Tracking) == 0 || (packet->Flags & PacketFlags.Seen) != 0 || !IsTracked(packet)) return TcAction.Continue;
        if (Has(active, BuiltInChain.NatInput) && IsNatDue(packet, FlowStatus.SourceNatDone))
        {
            action = Walk.Chain(skb, packet, (uint)BuiltInChain.NatInput);
            if (action != TcAction.Continue) return action;
            action = BindSource(packet);
            if (action != TcAction.Continue) return action;
        }
        if (Rewrite.IsNeeded(packet, Rewrite.Source))
        {
            action = Rewrite.ToFlow(skb, packet, Rewrite.Source);
            if (action != TcAction.Continue) return action;
            if ((packet->FlowStatus & FlowStatus.ViaLoopback) != 0 && packet->Direction != 0) return ThroughLoopback(skb, packet);
        }
        if ((packet->Flags & PacketFlags.NewFlow) != 0)
        {
            var flow = FlowTable.Pending();
            if (flow != null) flow->Status |= FlowStatus.LocalIn;
        }
        return Confirm(skb, packet, FlowTable.Staying);
    }

    /// <summary>A virtual service's packet meets its server.</summary>
    private static int ToServer(SkBuff* skb, Packet* packet)
    {
        if ((packet->Flags & (PacketFlags.Passed | PacketFlags.IPv6)) == PacketFlags.Passed && Rewrite.IsNeeded(packet, Rewrite.Destination))
            return Rewrite.Address(skb, packet, Rewrite.Destination, packet->TranslatedBe, packet->TranslatedPortBe);
        var action = VirtualServices.Inbound(skb, packet);
        if (action != TcAction.Continue) return action;
        return Rewrite.IsNeeded(packet, Rewrite.Destination) ? Rewrite.ToFlow(skb, packet, Rewrite.Destination) : TcAction.Continue;
    }

    /// <summary>A packet that is to be forwarded: at once, or by the stack.</summary>
    private static int Onward(SkBuff* skb, Packet* packet, uint active, bool canLeave, RedirectNeighbour* next)
    {
        // Of a packet of no known flow that was asked already.
        if (!canLeave && (IsUnknown(packet, active) || WayOnward(skb, packet, active, next) != Routing.AtOnce)) return ToForward(skb, packet, active);
        var isLearnt = (packet->Flags & PacketFlags.Learnt) != 0;
        // What fills a short frame up does not go on.
        uint end = packet->NetworkOffset + packet->Length;
        if (skb->Length > end && Helpers.SkbChangeTail(skb, end, 0) != 0) return TcAction.Shot;
        if ((active & ActiveImage.LinkHeaders) != 0) LinkHeader.Remember(skb, packet);
        if (!Rewrite.DecrementTimeToLive(skb, packet)) return TcAction.Shot;
        if (!isLearnt && IsTracked(packet)) Tracking.Learn(packet);
        // A verdict on a flow's first packet holds for no other.
        var remembers = isLearnt && (active & ActiveImage.Forwarded) != 0;
        if (remembers && Memory.Holds(packet) != 0) packet->Flags |= PacketFlags.Remembered;
        var isService = packet->Direction == 0 && (packet->FlowStatus & FlowStatus.Service) != 0;
        var action = isService ? TcAction.Continue : Forward(skb, packet, active);
        if (action == TcAction.Continue) action = Postrouting(skb, packet, active, FlowTable.Leaving);
        if (action != TcAction.Continue) return action;
        if (remembers && (packet->Flags & PacketFlags.Remembered) == 0) Memory.Keep(packet);
        skb->Priority = Routing.PriorityOf(packet->TypeOfService);
        skb->TcIndex = Note.Own;
        packet->Flags |= PacketFlags.Sent;
        return (int)Helpers.RedirectNeigh(packet->OutIfIndex, next, sizeof(RedirectNeighbour), 0);
    }

    /// <summary>Whether a packet that is to be forwarded can leave at once; then <paramref name="next"/> is where to.</summary>
    /// <returns>What <see cref="Routing.Onward"/> says.</returns>
    private static int WayOnward(SkBuff* skb, Packet* packet, uint active, RedirectNeighbour* next)
    {
        if (packet->NetworkOffset == 0) return Routing.ByStack;
        if ((packet->Flags & PacketFlags.Learnt) != 0) return Routing.Onward(skb, packet, next);
        if (!Passage.MayBeOpen(packet) || !(IsTracked(packet) || IsUnknown(packet, active))) return Routing.ByStack;
        var way = Routing.Onward(skb, packet, next);
        if (way != Routing.AtOnce || Passage.IsOpen(skb, packet) != 0) return way;
        packet->OutIfIndex = 0;
        return Routing.ByStack;
    }

    /// <summary>
    /// Whether nothing is known from packets before this one: it begins a flow, or belongs to none. Without a chain for what is forwarded the latter is the stack's anyhow: its
    /// way past the egress program is short.
    /// </summary>
    private static bool IsUnknown(Packet* packet, uint active)
    {
        if ((packet->Flags & PacketFlags.NewFlow) != 0) return true;
        if ((active & ActiveImage.Forwarded) == 0) return false;
        return (active & ActiveImage.Tracking) == 0 || packet->State == TrackState.Untracked;
    }

    /// <summary>Up to the kernel's routing, with a note for the egress program.</summary>
    private static int ToForward(SkBuff* skb, Packet* packet, uint active)
    {
        if ((active & ActiveImage.LinkHeaders) != 0) LinkHeader.Remember(skb, packet);
        if ((active & ActiveImage.Tracking) == 0)
        {
            skb->TcIndex = Note.Present;
            return TcAction.Continue;
        }
        var note = Note.Present | (uint)packet->State << Note.StateShift;
        if (IsTracked(packet))
        {
            if ((packet->Flags & PacketFlags.NewFlow) != 0)
            {
                var action = FlowTable.Insert(packet, FlowTable.Unconfirmed);
                if (action != TcAction.Continue) return action;
            }
            else if ((packet->FlowStatus & (FlowStatus.DestinationNat | FlowStatus.TranslatedKnown)) == FlowStatus.DestinationNat)
            {
                FlowTable.EnterTranslated(packet);
            }
            var status = packet->FlowStatus;
            if (packet->Direction != 0) note |= Note.Reply;
            else if ((status & FlowStatus.Service) != 0) note |= Note.Service;
            if ((status & FlowStatus.DestinationNat) != 0) note |= Note.DestinationNat | (uint)(status & FlowStatus.Way) >> FlowTuple.WayShift << Note.WayShift;
            if ((status & FlowStatus.SourceNat) != 0) note |= Note.SourceNat;
            if ((status & FlowStatus.Confirmed) == 0 || (packet->Flags & PacketFlags.Learnt) == 0) note |= Note.Pending;
        }
        skb->TcIndex = note;
        return TcAction.Continue;
    }

    /// <summary>Whether a packet that came in is for this host, where that matters; what the flow knows saves the look-up.</summary>
    private static bool IsLocal(SkBuff* skb, Packet* packet, uint active)
    {
        if (packet->InIfIndex == Maps.Settings.Value->LoopbackIfIndex) return true;
        if (IsTracked(packet))
        {
            if ((packet->FlowStatus & FlowStatus.Confirmed) != 0 && (packet->Flags & PacketFlags.IcmpError) == 0)
                return (packet->FlowStatus & (packet->Direction == 0 ? FlowStatus.LocalIn : FlowStatus.Local)) != 0;
        }
        else if (!Has(active, BuiltInChain.MangleInput) && !Has(active, BuiltInChain.FilterInput))
        {
            return false;
        }
        return Routing.IsForThisHost(skb, packet) != 0;
    }
}

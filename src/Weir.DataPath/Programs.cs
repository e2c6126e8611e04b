using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Nat;
using Weir.DataPath.Rules;
using Weir.DataPath.Services;

namespace Weir.DataPath;

/// <summary>
/// The entry points, and the order of stages: netfilter's hooks on TC (docs/architecture.md). They return <see cref="TcAction.Next"/> for what
/// passes, so that other programs and filters on the device still run.
/// </summary>
public static unsafe class Programs
{
    private const uint EthernetHeader = 14;

    /// <summary>ETH_P_IP in network byte order.</summary>
    private const uint IPv4Be = 0x0008;

    /// <summary>PACKET_OTHERHOST: seen only because the device listens to everything; IP ignores it.</summary>
    private const uint OtherHost = 3;

    /// <summary>Ingress of devices with an Ethernet header (the loopback device too).</summary>
    [Program("tc/ingress")]
    public static int Ingress(SkBuff* skb) => RunIngress(skb, EthernetHeader);

    /// <summary>Ingress of devices without a link header (tun, wireguard).</summary>
    [Program("tc/ingress")]
    public static int IngressRaw(SkBuff* skb) => RunIngress(skb, 0);

    /// <summary>Egress of devices with an Ethernet header.</summary>
    [Program("tc/egress")]
    public static int Egress(SkBuff* skb) => RunEgress(skb, EthernetHeader);

    /// <summary>Egress of devices without a link header.</summary>
    [Program("tc/egress")]
    public static int EgressRaw(SkBuff* skb) => RunEgress(skb, 0);

    private static int RunIngress(SkBuff* skb, uint networkOffset)
    {
        // A tag means that the packet is on its way to a VLAN device, where it will be seen.
        if (skb->ProtocolBe != IPv4Be || skb->VlanPresent != 0 || skb->PacketType == OtherHost) return TcAction.Next;
        var word = Maps.Active.At(0);
        if (word == null) return TcAction.Next;
        var live = *word;
        var active = (uint)live;
        if ((active & ActiveImage.Loaded) == 0) return TcAction.Next;
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
        if (!Parse.TryIPv4(skb, &packet, networkOffset)) return Malformed();
        if ((packet.Flags & PacketFlags.Fragment) != 0 && Parse.FollowFragment(&packet, 0) == 0 && (active & ActiveImage.Tracking) != 0)
            return UnknownFragment();
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

    private static int RunEgress(SkBuff* skb, uint networkOffset)
    {
        if (skb->ProtocolBe != IPv4Be || skb->VlanPresent != 0) return TcAction.Next;
        var word = Maps.Active.At(0);
        if (word == null) return TcAction.Next;
        var live = *word;
        var active = (uint)live;
        if ((active & ActiveImage.Loaded) == 0) return TcAction.Next;
        var note = skb->TcIndex;
        if ((note & Note.Own) != 0)
        {
            skb->TcIndex = skb->IfIndex == Maps.Settings.Value->LoopbackIfIndex ? Note.Own : Note.Left;
            return TcAction.Next;
        }
        skb->TcIndex = Note.Left;
        if (skb->IngressIfIndex != 0 && IsDone(active, note)) return TcAction.Next;
        Packet packet = default;
        packet.Active = active;
        packet.Generation = (byte)(live >> ActiveImage.GenerationShift);
        packet.ImageSlot = (byte)(active & ActiveImage.SlotMask);
        packet.Mark = skb->Mark;
        packet.OutIfIndex = skb->IfIndex;
        if (!Parse.TryIPv4(skb, &packet, networkOffset)) return Malformed();
        if ((packet.Flags & PacketFlags.Fragment) != 0 && Parse.FollowFragment(&packet, 1) == 0 && (active & ActiveImage.Tracking) != 0)
            return UnknownFragment();
        int action;
        if (skb->IngressIfIndex != 0 && (note & Note.Left) == 0)
        {
            packet.InIfIndex = skb->IngressIfIndex;
            action = (active & ActiveImage.Tracking) != 0 ? Recall(skb, &packet, note) : TcAction.Continue;
            if (action == TcAction.Continue && (note & Note.Service) == 0) action = Forward(skb, &packet, active);
        }
        else
        {
            packet.Flags |= PacketFlags.Local;
            if ((note & Note.Answer) != 0) Answers.Recall(&packet, note);
            action = Output(skb, &packet, active);
        }
        if (action == TcAction.Continue) action = Postrouting(skb, &packet, active);
        if (action == TcAction.Continue) action = Leave(skb, &packet, active);
        if (action == TcAction.Continue && networkOffset != 0 && (note & (Note.Present | Note.Left | Note.Pending)) == (Note.Present | Note.Pending) &&
            skb->IngressIfIndex != 0 && IsTracked(&packet) && (packet.Flags & (PacketFlags.Fragment | PacketFlags.IcmpError)) == 0)
        {
            Tracking.Learn(&packet);
        }
        return Finish(skb, &packet, action);
    }

    /// <summary>Whether nothing is left to do at egress for a forwarded packet with this note: no rule to meet, nothing to translate or to confirm.</summary>
    private static bool IsDone(uint active, uint note)
    {
        if ((note & (Note.Present | Note.Left | Note.Pending)) != Note.Present) return false;
        if ((note & ((note & Note.Reply) != 0 ? Note.DestinationNat : Note.SourceNat)) != 0) return false;
        var chains = (note & Note.Service) != 0 ? 1u << (ActiveImage.ChainShift + (int)BuiltInChain.ManglePostrouting) : ActiveImage.Forwarded;
        return (active & chains) == 0;
    }

    private static int Prerouting(SkBuff* skb, Packet* packet, uint active)
    {
        packet->Hook = Hook.Prerouting;
        if (Has(active, BuiltInChain.RawPrerouting))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.RawPrerouting);
            if (action != TcAction.Continue) return action;
        }
        if ((active & ActiveImage.Tracking) != 0 && packet->State == TrackState.None)
        {
            var how = (packet->Flags & PacketFlags.Seen) != 0 ? Tracking.AsSent : Tracking.AsArrived;
            var action = Tracking.Track(skb, packet, how);
            if (action != TcAction.Continue) return action;
        }
        if (Has(active, BuiltInChain.ManglePrerouting))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.ManglePrerouting);
            if (action != TcAction.Continue) return action;
        }
        if ((packet->Flags & PacketFlags.Seen) != 0) return TcAction.Continue;
        if (Has(active, BuiltInChain.NatPrerouting) && IcmpErrors.IsLostRedirect(packet)) return TcAction.Shot;
        if (Has(active, BuiltInChain.NatPrerouting) && IsNatDue(packet, FlowStatus.DestinationNatDone))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.NatPrerouting);
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
        var isVirtual = (active & ActiveImage.Services) != 0 && VirtualServices.IsVirtual(packet);
        if (!isVirtual && !IsLocal(skb, packet, active)) return Onward(skb, packet, active);
        packet->Hook = Hook.Input;
        if (Has(active, BuiltInChain.MangleInput))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.MangleInput);
            if (action != TcAction.Continue) return action;
        }
        if (Has(active, BuiltInChain.FilterInput))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.FilterInput);
            if (action != TcAction.Continue) return action;
        }
        if (isVirtual)
        {
            var action = ToServer(skb, packet);
            if (action != TcAction.Continue) return action;
            if ((packet->FlowStatus & FlowStatus.LocalIn) == 0)
            {
                if (!VirtualServices.IsRouted(packet)) return Onward(skb, packet, active);
                action = ToForward(skb, packet, active);
                return action == TcAction.Continue ? VirtualServices.ToServer(skb, packet) : action;
            }
        }
        else if ((packet->FlowStatus & FlowStatus.Service) != 0 && (packet->Flags & PacketFlags.Seen) == 0)
        {
            var action = VirtualServices.Outbound(packet);
            if (action != TcAction.Continue) return action;
        }
        if ((active & ActiveImage.Tracking) == 0 || (packet->Flags & PacketFlags.Seen) != 0 || !IsTracked(packet)) return TcAction.Continue;
        if (Has(active, BuiltInChain.NatInput) && IsNatDue(packet, FlowStatus.SourceNatDone))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.NatInput);
            if (action != TcAction.Continue) return action;
            action = BindSource(packet);
            if (action != TcAction.Continue) return action;
        }
        if (Rewrite.IsNeeded(packet, Rewrite.Source))
        {
            var action = Rewrite.ToFlow(skb, packet, Rewrite.Source);
            if (action != TcAction.Continue) return action;
            if ((packet->FlowStatus & FlowStatus.ViaLoopback) != 0 && packet->Direction != 0) return ThroughLoopback(skb, packet);
        }
        if ((packet->Flags & PacketFlags.NewFlow) != 0)
        {
            var flow = FlowTable.Pending();
            if (flow != null) flow->Status |= FlowStatus.LocalIn;
            return FlowTable.Insert(packet, 1);
        }
        return (packet->FlowStatus & FlowStatus.Confirmed) == 0 ? FlowTable.Confirm(packet) : TcAction.Continue;
    }

    /// <summary>A virtual service's packet meets its server.</summary>
    private static int ToServer(SkBuff* skb, Packet* packet)
    {
        if ((packet->Flags & PacketFlags.Passed) != 0 && Rewrite.IsNeeded(packet, Rewrite.Destination))
            return Rewrite.Address(skb, packet, Rewrite.Destination, packet->TranslatedBe, packet->TranslatedPortBe);
        var action = VirtualServices.Inbound(skb, packet);
        if (action != TcAction.Continue) return action;
        return Rewrite.IsNeeded(packet, Rewrite.Destination) ? Rewrite.ToFlow(skb, packet, Rewrite.Destination) : TcAction.Continue;
    }

    /// <summary>A server's answer carries the virtual address from here on.</summary>
    private static int FromServer(SkBuff* skb, Packet* packet)
    {
        var action = VirtualServices.Outbound(packet);
        if (action != TcAction.Continue || !Rewrite.IsNeeded(packet, Rewrite.Source)) return action;
        action = Rewrite.ToFlow(skb, packet, Rewrite.Source);
        packet->FlowStatus &= ~FlowStatus.DestinationNat;
        return action;
    }

    /// <summary>A packet that is to be forwarded: at once, or by the stack.</summary>
    private static int Onward(SkBuff* skb, Packet* packet, uint active)
    {
        RedirectNeighbour next = default;
        if ((packet->Flags & PacketFlags.Learnt) == 0 || packet->NetworkOffset == 0 || Routing.Onward(skb, packet, &next) == 0)
            return ToForward(skb, packet, active);
        // What fills a short frame up does not go on.
        uint end = packet->NetworkOffset + packet->Length;
        if (skb->Length > end && Helpers.SkbChangeTail(skb, end, 0) != 0) return TcAction.Shot;
        if ((active & ActiveImage.LinkHeaders) != 0) LinkHeader.Remember(skb, packet);
        if (!Rewrite.DecrementTimeToLive(skb, packet)) return TcAction.Shot;
        var meetsChains = (active & ActiveImage.Forwarded) != 0;
        if (meetsChains && Memory.Holds(packet) != 0) packet->Flags |= PacketFlags.Remembered;
        var isService = packet->Direction == 0 && (packet->FlowStatus & FlowStatus.Service) != 0;
        var action = isService ? TcAction.Continue : Forward(skb, packet, active);
        if (action == TcAction.Continue) action = Postrouting(skb, packet, active);
        if (action != TcAction.Continue) return action;
        if (meetsChains && (packet->Flags & PacketFlags.Remembered) == 0) Memory.Keep(packet);
        skb->Priority = Routing.PriorityOf(packet->TypeOfService);
        skb->TcIndex = Note.Own;
        packet->Flags |= PacketFlags.Sent;
        return (int)Helpers.RedirectNeigh(packet->OutIfIndex, &next, sizeof(RedirectNeighbour), 0);
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
                var action = FlowTable.Insert(packet, 0);
                if (action != TcAction.Continue) return action;
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

    private static int Forward(SkBuff* skb, Packet* packet, uint active)
    {
        packet->Hook = Hook.Forward;
        var isRemembered = (packet->Flags & PacketFlags.Remembered) != 0;
        if (!isRemembered && Has(active, BuiltInChain.MangleForward))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.MangleForward);
            if (action != TcAction.Continue) return action;
        }
        if (!isRemembered && Has(active, BuiltInChain.FilterForward))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.FilterForward);
            if (action != TcAction.Continue) return action;
        }
        return packet->Direction != 0 && (packet->FlowStatus & FlowStatus.Service) != 0 ? FromServer(skb, packet) : TcAction.Continue;
    }

    /// <summary>What ingress knew of a forwarded packet.</summary>
    private static int Recall(SkBuff* skb, Packet* packet, uint note)
    {
        if ((note & Note.Present) == 0)
        {
            if ((packet->Flags & PacketFlags.IcmpError) != 0) IcmpErrors.RecallAnyhow(skb, packet);
            else Tracking.FindAnyhow(packet);
            return TcAction.Continue;
        }
        packet->State = (TrackState)(note >> Note.StateShift & 7);
        packet->Direction = (note & Note.Reply) != 0 ? (byte)1 : (byte)0;
        if (!IsTracked(packet)) return TcAction.Continue;
        if ((packet->Flags & PacketFlags.IcmpError) != 0)
        {
            packet->FlowStatus = FlowStatus.Confirmed;
            if ((note & (Note.DestinationNat | Note.SourceNat)) != 0) IcmpErrors.Recall(skb, packet, SideOf(note));
            return TcAction.Continue;
        }
        // An established connection on its way to a server: nothing is left to do here, unless rules want to know more.
        if ((note & (Note.Service | Note.Pending | Note.SourceNat)) == Note.Service && !Has(packet->Active, BuiltInChain.ManglePostrouting))
        {
            packet->FlowStatus = FlowStatus.Confirmed | FlowStatus.Service;
            return TcAction.Continue;
        }
        if ((note & (Note.DestinationNat | Note.SourceNat | Note.Pending | Note.Service)) != 0)
        {
            if (Tracking.Find(packet, SideOf(note)) == 0) return TcAction.Continue;
            if ((note & (Note.DestinationNat | Note.SourceNat)) != 0) return TcAction.Shot;
            // The packet that made the flow was dropped since.
            if (packet->State == TrackState.New) return Tracking.Begin(skb, packet, Helpers.KtimeGetCoarseNs());
        }
        if (packet->Direction != 0) Tuples.InvertOf(packet, &packet->Original);
        else Tuples.Of(packet, &packet->Original);
        packet->FlowStatus = FlowStatus.Confirmed;
        return TcAction.Continue;
    }

    /// <summary>The <see cref="FlowTuple.Side"/> by which egress finds a flow.</summary>
    private static uint SideOf(uint note) => (note & Note.DestinationNat) == 0 ? 0 : FlowTuple.Translated + (note >> Note.WayShift & (FlowTuple.Ways - 1));

    private static int Output(SkBuff* skb, Packet* packet, uint active)
    {
        packet->Hook = Hook.Output;
        if (Has(active, BuiltInChain.RawOutput))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.RawOutput);
            if (action != TcAction.Continue) return action;
        }
        if ((active & ActiveImage.Tracking) != 0 && packet->State == TrackState.None)
        {
            var action = Tracking.Track(skb, packet, Tracking.AsArrived);
            if (action != TcAction.Continue) return action;
        }
        if (Has(active, BuiltInChain.MangleOutput))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.MangleOutput);
            if (action != TcAction.Continue) return action;
        }
        if (Has(active, BuiltInChain.NatOutput) && IcmpErrors.IsLostRedirect(packet)) return TcAction.Shot;
        if (Has(active, BuiltInChain.NatOutput) && IsNatDue(packet, FlowStatus.DestinationNatDone))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.NatOutput);
            if (action != TcAction.Continue) return action;
            Bind(packet, FlowStatus.DestinationNatDone);
        }
        if ((active & ActiveImage.Services) != 0)
        {
            var action = VirtualServices.LocalOut(skb, packet);
            if (action != TcAction.Continue) return action;
        }
        uint outIfIndex = packet->OutIfIndex;
        if ((packet->Flags & PacketFlags.Answer) == 0 && Rewrite.IsNeeded(packet, Rewrite.Destination))
        {
            var action = Rewrite.ToFlow(skb, packet, Rewrite.Destination);
            if (action != TcAction.Continue) return action;
            Routing.Again(skb, packet);
            if (outIfIndex == Maps.Settings.Value->LoopbackIfIndex && packet->OutIfIndex != outIfIndex && packet->Direction == 0)
            {
                var flow = FlowTable.Of(packet);
                if (flow != null) packet->FlowStatus = FlowTable.Set(flow, FlowStatus.ViaLoopback) | FlowStatus.ViaLoopback;
            }
        }
        if (packet->Direction != 0 && (packet->FlowStatus & FlowStatus.Service) != 0 && Rewrite.IsNeeded(packet, Rewrite.Source))
        {
            var action = Rewrite.ToFlow(skb, packet, Rewrite.Source);
            if (action != TcAction.Continue) return action;
            packet->FlowStatus &= ~FlowStatus.DestinationNat;
        }
        if (!Has(active, BuiltInChain.FilterOutput)) return TcAction.Continue;
        // filter OUTPUT still sees the device that the packet would have left by before translation, as in netfilter.
        var rerouted = packet->OutIfIndex;
        packet->OutIfIndex = outIfIndex;
        var result = Walk.Chain(skb, packet, (uint)BuiltInChain.FilterOutput);
        packet->OutIfIndex = rerouted;
        return result;
    }

    private static int Postrouting(SkBuff* skb, Packet* packet, uint active)
    {
        packet->Hook = Hook.Postrouting;
        var inIfIndex = packet->InIfIndex;
        // POSTROUTING knows no input device.
        packet->InIfIndex = 0;
        if ((packet->Flags & PacketFlags.Remembered) == 0 && Has(active, BuiltInChain.ManglePostrouting))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.ManglePostrouting);
            if (action != TcAction.Continue) return action;
        }
        packet->InIfIndex = inIfIndex;
        if ((active & ActiveImage.Tracking) == 0 || !IsTracked(packet)) return TcAction.Continue;
        if ((packet->Flags & PacketFlags.Answer) != 0) return PostroutingOfAnswer(skb, packet, active);
        if (Has(active, BuiltInChain.NatPostrouting) && IsNatDue(packet, FlowStatus.SourceNatDone))
        {
            packet->InIfIndex = 0;
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.NatPostrouting);
            packet->InIfIndex = inIfIndex;
            if (action != TcAction.Continue) return action;
            action = BindSource(packet);
            if (action != TcAction.Continue) return action;
        }
        if (Rewrite.IsNeeded(packet, Rewrite.Source))
        {
            var action = Rewrite.ToFlow(skb, packet, Rewrite.Source);
            if (action != TcAction.Continue) return action;
        }
        if ((packet->Flags & PacketFlags.NewFlow) != 0) return FlowTable.Insert(packet, 1);
        return (packet->FlowStatus & FlowStatus.Confirmed) == 0 ? FlowTable.Confirm(packet) : TcAction.Continue;
    }

    private static int PostroutingOfAnswer(SkBuff* skb, Packet* packet, uint active)
    {
        // Netfilter shows nat POSTROUTING the reset that refuses a new flow, whose source was not decided on: rules count, and nothing comes of it.
        if (packet->Protocol == Parse.Tcp && (packet->FlowStatus & FlowStatus.Confirmed) == 0 && Has(active, BuiltInChain.NatPostrouting))
        {
            var action = Walk.Chain(skb, packet, (uint)BuiltInChain.NatPostrouting);
            if (action != TcAction.Continue) return action;
        }
        return Rewrite.IsNeeded(packet, Rewrite.Source) ? Rewrite.ToFlow(skb, packet, Rewrite.Source) : TcAction.Continue;
    }

    /// <summary>The way out: to another device where translation asks for it; a note for the loopback device's ingress.</summary>
    private static int Leave(SkBuff* skb, Packet* packet, uint active)
    {
        var loopback = Maps.Settings.Value->LoopbackIfIndex;
        if ((packet->Flags & PacketFlags.Local) != 0 && VirtualServices.IsRouted(packet))
        {
            skb->TcIndex = Note.Own;
            return VirtualServices.ToServer(skb, packet);
        }
        if (packet->OutIfIndex == loopback)
        {
            var note = Note.Present | (uint)packet->State << Note.StateShift;
            if (packet->Direction != 0) note |= Note.Reply;
            if ((packet->Flags & PacketFlags.Answer) != 0) note |= Note.Answer;
            skb->TcIndex = note;
            return skb->IfIndex == loopback ? TcAction.Continue : Routing.IntoLoopback(skb);
        }
        if (packet->OutIfIndex == skb->IfIndex) return TcAction.Continue;
        skb->TcIndex = Note.Own;
        return (int)Helpers.RedirectNeigh(packet->OutIfIndex, null, 0, 0);
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

    private static int ThroughLoopback(SkBuff* skb, Packet* packet)
    {
        skb->TcIndex = Note.Own;
        return Routing.IntoLoopback(skb);
    }

    /// <summary>Nat chains are for the first packet of a flow, once for each end.</summary>
    private static bool IsNatDue(Packet* packet, FlowStatus done) =>
        packet->State is TrackState.New or TrackState.Related && packet->Direction == 0 && (packet->Flags & PacketFlags.IcmpError) == 0 &&
        (packet->FlowStatus & (done | FlowStatus.Confirmed)) == 0;

    /// <summary>No rule translated this end: it stays as it is.</summary>
    private static void Bind(Packet* packet, FlowStatus done)
    {
        if ((packet->FlowStatus & done) != 0) return;
        var flow = FlowTable.Of(packet);
        if (flow != null) packet->FlowStatus = FlowTable.Set(flow, done) | done;
    }

    private static int BindSource(Packet* packet) =>
        (packet->FlowStatus & FlowStatus.SourceNatDone) != 0 ? TcAction.Continue : Setup.Keep(packet, 0);

    private static bool IsTracked(Packet* packet) => packet->State is TrackState.New or TrackState.Established or TrackState.Related;

    private static bool Has(uint active, BuiltInChain chain) => (active >> (ActiveImage.ChainShift + (int)chain) & 1) != 0;

    private static int Finish(SkBuff* skb, Packet* packet, int action)
    {
        // Changes write images over without waiting for packets: one that was overtaken by as many as there are slots may have been judged by a mixture.
        var word = Maps.Active.At(0);
        if (word == null || (byte)((byte)(*word >> ActiveImage.GenerationShift) - packet->Generation) >= ActiveImage.Slots - 1)
        {
            Statistics.WalkOverruns();
            action = TcAction.Shot;
        }
        if (action != TcAction.Shot && (packet->Flags & PacketFlags.MarkChanged) != 0) skb->Mark = packet->Mark;
        if (action == TcAction.Continue) return TcAction.Next;
        if ((packet->Flags & PacketFlags.Sent) != 0) return action;
        if ((packet->Flags & PacketFlags.NewFlow) != 0 || (IsTracked(packet) && (packet->FlowStatus & FlowStatus.Confirmed) == 0))
            FlowTable.Abandon(packet);
        return action;
    }

    private static int Malformed()
    {
        Statistics.MalformedDropped();
        return TcAction.Shot;
    }

    private static int UnknownFragment()
    {
        Statistics.FragmentsUnknown();
        return TcAction.Shot;
    }
}

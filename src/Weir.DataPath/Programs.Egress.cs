using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Nat;
using Weir.DataPath.Rules;
using Weir.DataPath.Services;

namespace Weir.DataPath;

/// <summary>What goes out: forwarded, or made here.</summary>
public static unsafe partial class Programs
{
    private static int RunEgress(SkBuff* skb, uint networkOffset)
    {
        var family = skb->ProtocolBe;
        if ((family != IPv4Be && family != IPv6Be) || skb->VlanPresent != 0) return TcAction.Next;
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
        if (family == IPv4Be)
        {
            if (!Parse.TryIPv4(skb, &packet, networkOffset)) return Malformed();
        }
        else if (Parse.IPv6(skb, &packet, networkOffset) == 0)
        {
            return TcAction.Next;
        }
        if ((packet.Flags & PacketFlags.Fragment) != 0 && Parse.FollowFragment(&packet, 1) == 0 && (active & ActiveImage.Tracking) != 0)
            return family == IPv4Be ? UnknownFragment() : TcAction.Next;
        int action;
        if (skb->IngressIfIndex != 0 && (note & Note.Left) == 0)
        {
            packet.InIfIndex = skb->IngressIfIndex;
            // Kept in memory that sub-programs may change: if the verifier knew at the end what the note said at the start, it would go through all between once for each.
            if (networkOffset != 0 && (note & (Note.Present | Note.Pending)) == (Note.Present | Note.Pending)) packet.Flags |= PacketFlags.Learns;
            action = (active & ActiveImage.Tracking) != 0 ? Recall(skb, &packet, note) : TcAction.Continue;
            if (action == TcAction.Continue && (note & Note.Service) == 0) action = Forward(skb, &packet, active);
        }
        else
        {
            packet.Flags |= PacketFlags.Local;
            if ((note & Note.Answer) != 0) Answers.Recall(&packet, note);
            action = Output(skb, &packet, active);
        }
        if (action == TcAction.Continue) action = Postrouting(skb, &packet, active, FlowTable.Staying);
        if (action == TcAction.Continue) action = Leave(skb, &packet, active);
        if (action == TcAction.Continue && IsTracked(&packet) && (packet.Flags & (PacketFlags.Learns | PacketFlags.Fragment | PacketFlags.IcmpError)) == PacketFlags.Learns)
            Tracking.Learn(&packet);
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

    /// <summary>A server's answer carries the virtual address from here on.</summary>
    private static int FromServer(SkBuff* skb, Packet* packet)
    {
        var action = VirtualServices.Outbound(packet);
        if (action != TcAction.Continue || !Rewrite.IsNeeded(packet, Rewrite.Source)) return action;
        action = Rewrite.ToFlow(skb, packet, Rewrite.Source);
        packet->FlowStatus &= ~FlowStatus.DestinationNat;
        return action;
    }

    private static int Forward(SkBuff* skb, Packet* packet, uint active)
    {
        packet->Hook = Hook.Forward;
        if ((packet->Flags & PacketFlags.Remembered) == 0)
        {
            var action = Meet(skb, packet, active, BuiltInChain.MangleForward);
            if (action == TcAction.Continue) action = Meet(skb, packet, active, BuiltInChain.FilterForward);
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
            if (packet->State == TrackState.New)
            {
                // The packet that made the flow was dropped since, or others have translated this one.
                packet->Flags |= PacketFlags.Stray;
                return Tracking.Begin(skb, packet, Helpers.KtimeGetCoarseNs());
            }
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
        var action = Meet(skb, packet, active, BuiltInChain.RawOutput);
        if (action == TcAction.Continue && (active & ActiveImage.Tracking) != 0 && packet->State == TrackState.None) action = Tracking.Track(skb, packet, Tracking.AsArrived);
        if (action == TcAction.Continue) action = Meet(skb, packet, active, BuiltInChain.MangleOutput);
        if (action != TcAction.Continue) return action;
        if (Has(active, BuiltInChain.NatOutput) && IcmpErrors.IsLostRedirect(packet)) return TcAction.Shot;
        if (Has(active, BuiltInChain.NatOutput) && IsNatDue(packet, FlowStatus.DestinationNatDone))
        {
            action = Walk.Chain(skb, packet, (uint)BuiltInChain.NatOutput);
            if (action != TcAction.Continue) return action;
            Bind(packet, FlowStatus.DestinationNatDone);
        }
        if ((active & ActiveImage.Services) != 0)
        {
            action = VirtualServices.LocalOut(skb, packet);
            if (action == TcAction.Continue && Guard.IsDue(packet, active)) action = Guard.Check(skb, packet);
            if (action != TcAction.Continue) return action;
        }
        uint outIfIndex = packet->OutIfIndex;
        if ((packet->Flags & PacketFlags.Answer) == 0 && Rewrite.IsNeeded(packet, Rewrite.Destination))
        {
            action = Rewrite.ToFlow(skb, packet, Rewrite.Destination);
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
            action = Rewrite.ToFlow(skb, packet, Rewrite.Source);
            if (action != TcAction.Continue) return action;
            packet->FlowStatus &= ~FlowStatus.DestinationNat;
        }
        // filter OUTPUT still sees the device that the packet would have left by before translation, as in netfilter.
        var rerouted = packet->OutIfIndex;
        packet->OutIfIndex = outIfIndex;
        action = Meet(skb, packet, active, BuiltInChain.FilterOutput);
        packet->OutIfIndex = rerouted;
        return action;
    }

    private static int Postrouting(SkBuff* skb, Packet* packet, uint active, uint how)
    {
        packet->Hook = Hook.Postrouting;
        var inIfIndex = packet->InIfIndex;
        // POSTROUTING knows no input device.
        packet->InIfIndex = 0;
        if ((packet->Flags & PacketFlags.Remembered) == 0)
        {
            var action = Meet(skb, packet, active, BuiltInChain.ManglePostrouting);
            if (action != TcAction.Continue) return action;
        }
        packet->InIfIndex = inIfIndex;
        if ((active & ActiveImage.Tracking) == 0 || !IsTracked(packet)) return TcAction.Continue;
        if ((packet->Flags & PacketFlags.Answer) != 0) return PostroutingOfAnswer(skb, packet, active);
        if ((packet->FlowStatus & FlowStatus.Masquerade) != 0 && IsNatDue(packet, FlowStatus.SourceNatDone))
        {
            var action = Setup.Masquerade(skb, packet);
            if (action != TcAction.Continue) return action;
        }
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
        return Confirm(skb, packet, how);
    }

    private static int PostroutingOfAnswer(SkBuff* skb, Packet* packet, uint active)
    {
        // Netfilter shows nat POSTROUTING the reset that refuses a new flow, whose source was not decided on: rules count, and nothing comes of it.
        if (packet->Protocol == Parse.Tcp && (packet->FlowStatus & FlowStatus.Confirmed) == 0)
        {
            var action = Meet(skb, packet, active, BuiltInChain.NatPostrouting);
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

    private static int ThroughLoopback(SkBuff* skb, Packet* packet)
    {
        skb->TcIndex = Note.Own;
        return Routing.IntoLoopback(skb);
    }
}

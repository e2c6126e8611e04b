using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;

namespace Weir.DataPath.Nat;

/// <summary>Deciding a new flow's translation: which address and port it gets, so that its answers can be told from all others.</summary>
public static unsafe class Setup
{
    /// <summary>Netfilter tries this many ports, then half as many from elsewhere, and so on.</summary>
    private const uint FirstRound = 128;
    private const uint AllRounds = 128 + 64 + 32 + 16 + 8;

    private const uint RandomAny = (uint)(NatRangeFlags.Random | NatRangeFlags.RandomFully);

    /// <summary>A NAT target (its <see cref="NatTargetCell"/>, its <see cref="TargetKind"/>) was met; its verdict is ACCEPT.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int FromTarget(SkBuff* skb, Packet* packet, uint cell, uint kind)
    {
        if (packet == null) return TcAction.Shot;
        if ((packet->Flags & PacketFlags.Answer) != 0) return TcAction.Continue;
        var image = Maps.Images.At(packet->ImageSlot);
        if (image == null) return TcAction.Shot;
        var target = (NatTargetCell*)image.At(cell);
        if (target == null) return TcAction.Shot;
        Range range = default;
        range.Flags = (uint)target->Flags;
        range.PortMin = target->PortMin;
        range.PortMax = target->PortMax;
        range.PortBase = target->PortBase;
        range.AddressMinBe = target->AddressMin.Word3Be;
        range.AddressMaxBe = target->AddressMax.Word3Be;
        range.Destination = (TargetKind)kind is TargetKind.Dnat or TargetKind.Redirect ? 1u : 0;
        if ((TargetKind)kind is TargetKind.Masquerade or TargetKind.Redirect)
        {
            var addressBe = (TargetKind)kind == TargetKind.Masquerade ? Routing.SourceAddressBe(skb, packet) :
                packet->Hook == Hook.Output ? 0x0100007f : Routing.DeviceAddressBe(packet->InIfIndex);
            if (addressBe == 0) return TcAction.Shot;
            range.AddressMinBe = addressBe;
            range.AddressMaxBe = addressBe;
            range.Flags |= (uint)NatRangeFlags.MapAddresses;
        }
        if ((TargetKind)kind == TargetKind.Masquerade)
        {
            var flow = FlowTable.Of(packet);
            if (flow != null) flow->MasqueradeIfIndex = packet->OutIfIndex;
        }
        return Choose(packet, &range);
    }

    /// <summary>A service asks for an address of this host as source: <c>-j MASQUERADE --random-fully</c>, without a rule.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int Masquerade(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return TcAction.Shot;
        var source = packet->Source;
        if ((packet->Flags & PacketFlags.IPv6) != 0)
        {
            if (Routing.SourceIPv6(skb, packet, &source) == 0) return TcAction.Shot;
        }
        else
        {
            source.Word3Be = Routing.SourceAddressBe(skb, packet);
            if (source.Word3Be == 0) return TcAction.Shot;
        }
        var flow = FlowTable.Of(packet);
        if (flow == null) return TcAction.Shot;
        flow->MasqueradeIfIndex = packet->OutIfIndex;
        flow->Reply.Destination = source;
        FlowTable.Set(flow, FlowStatus.SourceNat);
        return Keep(packet, 0, (uint)NatRangeFlags.RandomFully);
    }

    /// <summary>No rule translates the source: it stays, unless another flow's answers would look the same (netfilter's null binding). <paramref name="flags"/>: <see cref="NatRangeFlags"/> for its port.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int Keep(Packet* packet, uint destination, uint flags)
    {
        if (packet == null) return TcAction.Shot;
        Range range = default;
        range.Flags = flags;
        range.Destination = destination;
        return Choose(packet, &range);
    }

    private static int Choose(Packet* packet, Range* range)
    {
        var flow = FlowTable.Of(packet);
        var scratch = Maps.Scratches.At(0);
        if (flow == null || scratch == null) return TcAction.Shot;
        var done = range->Destination != 0 ? FlowStatus.DestinationNatDone : FlowStatus.SourceNatDone;
        if ((flow->Status & (done | FlowStatus.Confirmed)) != 0) return TcAction.Continue;
        Tuples.Invert(&flow->Reply, &scratch->Key);
        if (!SourceStays(packet, scratch, range))
        {
            if ((range->Flags & (uint)NatRangeFlags.MapAddresses) != 0) ChooseAddress(scratch, range);
            // Where all ports are taken, the last one stays: another source port may yet tell the flows apart, else the packet is dropped at the end.
            ChoosePort(packet, scratch, range);
        }
        Tuples.Invert(&scratch->Key, &scratch->OtherKey);
        if (!Tuples.Equal(&scratch->OtherKey, &flow->Reply))
        {
            flow->Reply = scratch->OtherKey;
            done |= range->Destination != 0 ? FlowStatus.DestinationNat : FlowStatus.SourceNat;
        }
        packet->FlowStatus = FlowTable.Set(flow, done) | done;
        return TcAction.Continue;
    }

    /// <summary>A source that is in the range already is kept where it is free.</summary>
    private static bool SourceStays(Packet* packet, Scratch* scratch, Range* range)
    {
        if (range->Destination != 0 || (range->Flags & RandomAny) != 0) return false;
        if ((range->Flags & (uint)NatRangeFlags.MapAddresses) != 0)
        {
            var address = BinaryPrimitives.ReverseEndianness(scratch->Key.Source.Word3Be);
            if (address < BinaryPrimitives.ReverseEndianness(range->AddressMinBe) || address > BinaryPrimitives.ReverseEndianness(range->AddressMaxBe))
                return false;
        }
        if ((range->Flags & (uint)NatRangeFlags.PortsSpecified) != 0 && !PortInRange(scratch->Key.SourcePortBe, range)) return false;
        if (IsTaken(packet, scratch)) return false;
        packet->Flags |= PacketFlags.Unlike;
        return true;
    }

    private static void ChooseAddress(Scratch* scratch, Range* range)
    {
        var addressBe = range->AddressMinBe;
        if (range->AddressMaxBe != addressBe)
        {
            // The same client gets the same address; with --persistent whatever the destination is.
            var hash = scratch->Key.Source.Word3Be;
            if ((range->Flags & (uint)NatRangeFlags.Persistent) == 0) hash ^= scratch->Key.Destination.Word3Be * 0x9e3779b1;
            hash = (hash ^ hash >> 16) * 0x85ebca6b;
            hash = (hash ^ hash >> 13) * 0xc2b2ae35;
            hash ^= hash >> 16;
            var first = BinaryPrimitives.ReverseEndianness(addressBe);
            var count = (ulong)BinaryPrimitives.ReverseEndianness(range->AddressMaxBe) - first + 1;
            addressBe = BinaryPrimitives.ReverseEndianness(first + (uint)((hash * count) >> 32));
        }
        if (range->Destination != 0) scratch->Key.Destination.Word3Be = addressBe;
        else scratch->Key.Source.Word3Be = addressBe;
    }

    private static void ChoosePort(Packet* packet, Scratch* scratch, Range* range)
    {
        var portBe = KeyPortBe(scratch, range);
        if ((range->Flags & RandomAny) == 0)
        {
            if ((range->Flags & (uint)NatRangeFlags.PortsSpecified) == 0)
            {
                if (!IsTaken(packet, scratch)) return;
            }
            else if ((range->Flags & (uint)NatRangeFlags.PortOffset) == 0 && PortInRange(portBe, range) &&
                (range->PortMin == range->PortMax || !IsTaken(packet, scratch)))
            {
                return;
            }
        }
        uint port = BinaryPrimitives.ReverseEndianness(portBe);
        Search search = default;
        search.Packet = packet;
        search.Destination = range->Destination;
        if (!HasPort(scratch)) return;
        if (!Limits(scratch, range, port, &search)) return;
        if ((range->Flags & (uint)NatRangeFlags.PortOffset) != 0) search.Offset = port - range->PortBase;
        else if ((range->Flags & RandomAny) != 0 || range->Destination == 0) search.Offset = Helpers.GetPrandomU32() & 0xffff;
        delegate*<uint, Search*, long> step = &TryPort;
        Helpers.Loop(search.Count < FirstRound ? search.Count : AllRounds, (delegate*<uint, void*, long>)step, &search, 0);
    }

    /// <summary>The ports to choose from. False: the port cannot be changed.</summary>
    private static bool Limits(Scratch* scratch, Range* range, uint port, Search* search)
    {
        if ((range->Flags & (uint)NatRangeFlags.PortsSpecified) != 0)
        {
            uint low = range->PortMin;
            uint high = range->PortMax;
            if (low > high)
            {
                low = range->PortMax;
                high = range->PortMin;
            }
            search->First = low;
            search->Count = high - low + 1;
            return true;
        }
        if (scratch->Key.Protocol == Parse.Icmp)
        {
            search->First = 0;
            search->Count = 65536;
            return true;
        }
        // A destination port means something: it is not exchanged for another.
        if (range->Destination != 0) return false;
        if (port < 512)
        {
            search->First = 1;
            search->Count = 511;
        }
        else if (port < 1024)
        {
            search->First = 600;
            search->Count = 1023 - 600 + 1;
        }
        else
        {
            search->First = 1024;
            search->Count = 65535 - 1024 + 1;
        }
        return true;
    }

    private static long TryPort(uint index, Search* search)
    {
        var scratch = Maps.Scratches.At(0);
        var packet = search->Packet;
        if (scratch == null || packet == null) return 1;
        if (index is 128 or 192 or 224 or 240) search->Offset = Helpers.GetPrandomU32() & 0xffff;
        var count = search->Count;
        if (count == 0) return 1;
        var portBe = BinaryPrimitives.ReverseEndianness((ushort)(search->First + (search->Offset & 0xffff) % count));
        search->Offset++;
        if (search->Destination != 0 && scratch->Key.Protocol != Parse.Icmp) scratch->Key.DestinationPortBe = portBe;
        else scratch->Key.SourcePortBe = portBe;
        if (IsTaken(packet, scratch)) return 0;
        return 1;
    }

    /// <summary>Whether answers to the tuple in <see cref="Scratch.Key"/> would be taken for another flow's packets.</summary>
    private static bool IsTaken(Packet* packet, Scratch* scratch)
    {
        Tuples.Invert(&scratch->Key, &scratch->OtherKey);
        var owner = Maps.Replies.Lookup(&scratch->OtherKey);
        if (owner != null && !Tuples.Equal(owner, &packet->Original)) return true;
        return Maps.Flows.Lookup(&scratch->OtherKey) != null;
    }

    private static ushort KeyPortBe(Scratch* scratch, Range* range) =>
        range->Destination != 0 && scratch->Key.Protocol != Parse.Icmp ? scratch->Key.DestinationPortBe : scratch->Key.SourcePortBe;

    private static bool HasPort(Scratch* scratch) => scratch->Key.Protocol == Parse.Icmp || Parse.HasPorts(scratch->Key.Protocol);

    private static bool PortInRange(ushort portBe, Range* range)
    {
        uint port = BinaryPrimitives.ReverseEndianness(portBe);
        return port >= range->PortMin && port <= range->PortMax;
    }

    /// <summary>What may be chosen.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Range
    {
        public uint Flags;

        /// <summary>1: the destination is translated; 0: the source.</summary>
        public uint Destination;
        public uint AddressMinBe;
        public uint AddressMaxBe;
        public ushort PortMin;
        public ushort PortMax;
        public ushort PortBase;
        public ushort Reserved0;
    }

    /// <summary>Where the search for a port stands.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Search
    {
        public Packet* Packet;
        public uint Destination;
        public uint First;
        public uint Count;
        public uint Offset;
    }
}

using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Rules;
using Weir.DataPath.Sockets;

namespace Weir.DataPath.Services;

/// <summary>
/// Where the stages meet virtual services. A service's flow is a flow whose destination was translated by a scheduler instead of a rule: the
/// translation itself is that of <see cref="Nat.Rewrite"/>.
/// </summary>
public static unsafe class VirtualServices
{
    // What a new connection of a client on this host is.
    private const int IsOther = 0;
    private const int IsClient = 1;
    private const int IsSocket = 2;
    private const int Refused = 3;

    /// <summary>What <see cref="Begin"/> says where there is no service.</summary>
    public const int IsNone = 100;

    /// <summary>Whether a packet that came in may begin a connection of a virtual service, if there is one.</summary>
    public static bool MayBegin(Packet* packet) =>
        (packet->Flags & (PacketFlags.Seen | PacketFlags.NewFlow)) == PacketFlags.NewFlow && packet->Direction == 0 && ServiceLookup.CanBegin(packet);

    /// <summary>Gives a flow's first packet its server, where there is a service for it.</summary>
    /// <returns>A <see cref="TcAction"/>, or <see cref="IsNone"/>.</returns>
    public static int Begin(SkBuff* skb, Packet* packet) => Scheduling.Begin(skb, packet, IsNone);

    /// <summary>Whether the server that <see cref="Begin"/> chose is this host, where the packet could not leave at once.</summary>
    public static void Decide(SkBuff* skb, Packet* packet)
    {
        var flow = FlowTable.Pending();
        var address = packet->Destination;
        if (flow == null || Routing.IsLocal(skb, packet, &address) == 0) return;
        flow->Status |= FlowStatus.LocalIn;
        packet->FlowStatus |= FlowStatus.LocalIn;
    }

    /// <summary>Whether a packet that came in goes the way of a virtual service: its flow belongs to one, or begins with it.</summary>
    public static bool IsVirtual(Packet* packet)
    {
        if (packet->Direction != 0 || (packet->Flags & PacketFlags.Seen) != 0) return false;
        if ((packet->FlowStatus & FlowStatus.Service) != 0) return true;
        return MayBegin(packet) && IsService(packet) != 0;
    }

    /// <summary>
    /// At ingress after the INPUT chains, for what <see cref="IsVirtual"/> named: the flow's first packet gets a server, every one moves the flow on and is
    /// counted. Its destination is still to be translated.
    /// </summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    public static int Inbound(SkBuff* skb, Packet* packet) =>
        (packet->FlowStatus & FlowStatus.Service) == 0 ? Scheduling.Begin(skb, packet, TcAction.Shot) :
        (packet->Flags & PacketFlags.Passed) != 0 ? TcAction.Continue : Pass(packet);

    /// <summary>A packet in the reply direction of a service's flow: after the FORWARD chains, before filter OUTPUT, after the INPUT chains (ip_vs_out).</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    public static int Outbound(Packet* packet) =>
        // Past a director that routes directly, answers go unseen.
        (packet->FlowStatus & (FlowStatus.DestinationNat | FlowStatus.Socket)) == 0 ? TcAction.Continue : Pass(packet);

    /// <summary>
    /// What this host sends, after nat OUTPUT: connections of clients on this host that were translated at the socket get their place in the flow table,
    /// those that were not get a server; answers of servers on this host are counted. Translation is left to the caller.
    /// </summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    public static int LocalOut(SkBuff* skb, Packet* packet)
    {
        if ((packet->FlowStatus & FlowStatus.Service) != 0) return packet->Direction == 0 ? Inbound(skb, packet) : Outbound(packet);
        if ((packet->Flags & PacketFlags.NewFlow) == 0 || !ServiceLookup.CanBegin(packet)) return TcAction.Continue;
        var claim = Claim(skb, packet);
        if (claim == IsClient) return Scheduling.Begin(skb, packet, TcAction.Shot);
        return claim == Refused ? TcAction.Shot : TcAction.Continue;
    }

    /// <summary>Sends a packet as it is to a server that is reached by direct routing, on the server's device (ip_vs_dr_xmit).</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int ToServer(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return TcAction.Shot;
        var flow = FlowTable.Lookup(&packet->Original);
        if (flow == null) return TcAction.Shot;
        var server = Maps.Servers.At(flow->ServerSlot);
        if (server == null) return TcAction.Shot;
        if (packet->TimeToLive <= 1) return TcAction.Shot;
        RedirectNeighbour next = default;
        uint ifIndex;
        if ((packet->Flags & PacketFlags.IPv6) != 0)
        {
            var address = server->Address;
            ifIndex = (uint)Routing.NextHopIPv6(skb, packet, &address, &next);
        }
        else
        {
            ifIndex = Routing.NextHop(skb, packet, server->Address.Word3Be, &next.NextHopIp4Be);
            next.Family = Routing.FamilyIPv4;
        }
        if (ifIndex == 0) return TcAction.Shot;
        if (packet->InIfIndex != 0 && !Nat.Rewrite.DecrementTimeToLive(skb, packet)) return TcAction.Shot;
        packet->Flags |= PacketFlags.Sent;
        return (int)Helpers.RedirectNeigh(ifIndex, &next, sizeof(RedirectNeighbour), 0);
    }

    /// <summary>Whether the packet's flow leaves by <see cref="ToServer"/>.</summary>
    public static bool IsRouted(Packet* packet) =>
        (packet->FlowStatus & (FlowStatus.Service | FlowStatus.DestinationNat | FlowStatus.Socket | FlowStatus.LocalIn)) == FlowStatus.Service &&
        packet->Direction == 0;

    /// <summary>A service's flow ends (expiry, eviction, dropped first packet): it leaves the counts.</summary>
    [Subprogram]
    public static void Ended(FlowTuple* original, Flow* flow)
    {
        ServerCounts.Ended(flow);
        Persistence.Ended(original, flow);
    }

    [Subprogram(Global = true)]
    private static int IsService(Packet* packet)
    {
        if (packet == null) return 0;
        ServiceKey key;
        return ServiceLookup.Find(packet->Mark, &packet->Destination, packet->DestinationPortBe, packet->Protocol, &key) != null ? 1 : 0;
    }

    /// <summary>What a new connection made on this host is to services; what a socket began is entered.</summary>
    [Subprogram(Global = true)]
    private static int Claim(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return Refused;
        SocketKey name = default;
        name.Cookie = Helpers.GetSocketCookie(skb);
        name.Address = packet->Destination;
        name.PortBe = packet->DestinationPortBe;
        var socket = Maps.SocketServices.Lookup(&name);
        if (socket != null) return Scheduling.Adopt(packet, socket) == TcAction.Continue ? IsSocket : Refused;
        var flow = FlowTable.Pending();
        if (flow == null) return Refused;
        ServiceKey key;
        // Where the destination was translated by a rule, its new one counts.
        var service = ServiceLookup.Find(packet->Mark, &flow->Reply.Source, flow->Reply.SourcePortBe, packet->Protocol, &key);
        return service == null ? IsOther : IsClient;
    }

    /// <summary>The packet's flow ends: the next packet begins another.</summary>
    [Subprogram(Global = true)]
    private static int End(Packet* packet)
    {
        if (packet == null) return 0;
        var flow = FlowTable.Lookup(&packet->Original);
        if (flow != null) FlowTable.Delete(&packet->Original, flow);
        return 0;
    }

    /// <summary>A packet of a flow that is in the table.</summary>
    [Subprogram(Global = true)]
    private static int Pass(Packet* packet)
    {
        if (packet == null) return TcAction.Shot;
        if ((packet->Flags & PacketFlags.IcmpError) != 0) return TcAction.Continue;
        var timeouts = Timeouts.Settings();
        var flow = FlowTable.Lookup(&packet->Original);
        return flow == null || timeouts == null ? TcAction.Shot : Pass(packet, flow, timeouts, Helpers.KtimeGetCoarseNs());
    }

    /// <summary>Whether no rule can come between the look-up of a packet's flow at ingress and its service: it passes at once, and its flow is looked up once.</summary>
    public static bool PassesEarly(Packet* packet) =>
        packet->Direction == 0 && packet->InIfIndex != 0 && (packet->Flags & PacketFlags.Seen) == 0 && (packet->Active & ActiveImage.BeforeServices) == 0;

    /// <summary>Moves a service's flow on and counts the packet.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    public static int Pass(Packet* packet, Flow* flow, TimeoutSettings* timeouts, ulong now)
    {
        var server = Maps.Servers.At(flow->ServerSlot);
        if (server == null) return TcAction.Shot;
        if ((server->Flags & ServerFlags.Available) == 0 && packet->Direction == 0)
        {
            // The server was taken away: its connections hang until it is back or they expire, unless its service is a proxy's.
            if ((server->Flags & ServerFlags.EndsFlows) != 0) End(packet);
            return TcAction.Shot;
        }
        Move(packet, flow, server, timeouts, now);
        return TcAction.Continue;
    }

    /// <summary>The same, of a packet whose server is there or that comes from it.</summary>
    public static void Move(Packet* packet, Flow* flow, Server* server, TimeoutSettings* timeouts, ulong now)
    {
        if ((server->Flags & ServerFlags.Available) != 0)
        {
            if (packet->Direction == 0) ServerCounts.In(packet, flow, server, now);
            else ServerCounts.Out(packet, flow, server, now);
        }
        var seconds = IpvsStates.Follow(packet, &packet->Original, flow, server, timeouts);
        Timeouts.Touch(flow, now, seconds);
    }
}

using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Rules;
using Weir.DataPath.Sockets;

namespace Weir.DataPath.Services;

/// <summary>The first packet of a service's connection: a server is found and the pending flow becomes the service's (ip_vs_schedule).</summary>
internal static unsafe class Scheduling
{
    /// <summary>Gives the pending flow a server. Without one the client is told that nobody listens.</summary>
    /// <returns>A <see cref="TcAction"/>, or <paramref name="none"/> where there is no service.</returns>
    [Subprogram(Global = true)]
    public static int Begin(SkBuff* skb, Packet* packet, int none)
    {
        if (packet == null) return TcAction.Shot;
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return TcAction.Shot;
        var flow = (Flow*)scratch->Pending;
        ServiceKey key;
        var service = ServiceLookup.Find(packet->Mark, &flow->Reply.Source, flow->Reply.SourcePortBe, packet->Protocol, &key);
        if (service == null) return none;
        if (service->Sources != 0 && Networks.Find(service->Sources, &packet->Source) == NetworkUse.None) return TcAction.Shot;
        var hasNear = (service->Policy & ServicePolicy.HasNear) != 0;
        var place = Clients.Far;
        if (hasNear || service->Masquerade is SourceTranslation.ExceptPods or SourceTranslation.Node)
            place = Clients.Locate(skb, packet, hasNear || service->Masquerade == SourceTranslation.Node ? 1u : 0);
        if (hasNear && place != Clients.Far)
        {
            key.Scope |= ServiceKey.Near;
            service = Maps.Services.Lookup(&key);
            if (service == null) return TcAction.Shot;
        }
        // The connection as the client sees it, after rules translated its destination.
        var tuple = &scratch->Key;
        Tuples.Invert(&flow->Reply, tuple);
        var isPersistent = service->PersistenceTimeout != 0;
        var slot = (uint)(isPersistent ? Persistence.Pick(service, tuple, &key) : Schedulers.Pick(service, tuple));
        if (slot == 0)
        {
            Statistics.ServiceNoServer();
            if (service->NoServer == NoServerAction.Drop) return TcAction.Shot;
            return Reject.Answer(skb, packet, (uint)RejectWith.IcmpPortUnreachable);
        }
        var server = Maps.Servers.At(slot);
        if (server == null) return TcAction.Shot;
        flow->ServiceSlot = service->Slot;
        flow->ServerSlot = slot;
        flow->Virtual = flow->Reply.Source;
        flow->VirtualPortBe = flow->Reply.SourcePortBe;
        if (isPersistent)
        {
            flow->IpvsFlags |= IpvsFlowFlags.Controlled;
            if (key.PortBe == 0) flow->IpvsFlags |= IpvsFlowFlags.TemplateAnyPort;
            var client = tuple->Source;
            Persistence.Mask(&client, service->PersistenceMaskBe);
            flow->TemplateClient = client;
            flow->TemplateMark = key.Mark;
        }
        var status = FlowStatus.Service;
        var address = server->Address;
        // What comes in and is translated is most often sent onward at once, and that says that its server is elsewhere.
        if (packet->InIfIndex != 0 && server->Method == ForwardingMethod.Masquerading && (service->Policy & ServicePolicy.Proxied) == 0) packet->Flags |= PacketFlags.Undecided;
        else if (Routing.IsLocal(skb, packet, &address) != 0) status |= FlowStatus.LocalIn;
        if (server->Method == ForwardingMethod.Masquerading)
        {
            if ((flow->Status & FlowStatus.DestinationNat) != 0) status |= FlowStatus.VirtualNat;
            status |= FlowStatus.DestinationNat | FlowStatus.DestinationNatDone;
            // Servers of services for every port take the port that the client asked for.
            var keepsPort = server->PortBe == 0 || (isPersistent && key.PortBe != flow->VirtualPortBe);
            flow->Reply.Source = server->Address;
            if (!keepsPort) flow->Reply.SourcePortBe = server->PortBe;
            if ((status & FlowStatus.LocalIn) == 0 && IsMasqueraded(packet, flow, service, place)) status |= FlowStatus.Masquerade;
        }
        else
        {
            flow->IpvsFlags |= IpvsFlowFlags.NoOutput;
        }
        packet->TranslatedBe = flow->Reply.Source.Word3Be;
        packet->TranslatedPortBe = flow->Reply.SourcePortBe;
        packet->Flags |= PacketFlags.Passed;
        return Start(packet, flow, server, status);
    }

    /// <summary>
    /// As <see cref="Begin"/> with a flow of its own, for a frame in the driver: only where the service asks for nothing but its scheduler, and the server is reached by translation. Nothing is counted yet
    /// (<see cref="Count"/>), and <see cref="TakeBack"/> undoes it.
    /// </summary>
    /// <param name="packet">The flow's first packet.</param>
    /// <param name="position">Where the scheduler stood before.</param>
    /// <returns>1: it is made; 0: not here.</returns>
    [Subprogram(Global = true)]
    public static int Choose(Packet* packet, ulong* position)
    {
        if (packet == null || position == null) return 0;
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return 0;
        var flow = (Flow*)scratch->Pending;
        if (Tracking.Begin(packet, flow, Helpers.KtimeGetCoarseNs()) != TcAction.Continue) return 0;
        ServiceKey key;
        var service = ServiceLookup.Find(0, &flow->Reply.Source, flow->Reply.SourcePortBe, packet->Protocol, &key);
        if (service == null || service->Sources != 0 || service->Policy != ServicePolicy.None || service->Masquerade != SourceTranslation.None || service->PersistenceTimeout != 0) return 0;
        var state = Maps.ServiceStates.At(service->Slot);
        if (state == null) return 0;
        *position = state->Position;
        var tuple = &scratch->Key;
        Tuples.Invert(&flow->Reply, tuple);
        flow->ServiceSlot = service->Slot;
        flow->ServerSlot = (uint)Schedulers.Pick(service, tuple);
        var server = Maps.Servers.At(flow->ServerSlot);
        if (server == null || flow->ServerSlot == 0) return 0;
        if (server->Method != ForwardingMethod.Masquerading)
        {
            TakeBack(flow, *position);
            return 0;
        }
        flow->Virtual = flow->Reply.Source;
        flow->VirtualPortBe = flow->Reply.SourcePortBe;
        flow->Reply.Source = server->Address;
        if (server->PortBe != 0) flow->Reply.SourcePortBe = server->PortBe;
        return Prepare(packet, flow, server, FlowStatus.Service | FlowStatus.DestinationNat | FlowStatus.DestinationNatDone) ? 1 : 0;
    }

    /// <summary>The choice is not made: the scheduler stands where it stood, unless another packet has moved it on.</summary>
    public static void TakeBack(Flow* flow, ulong position)
    {
        var state = Maps.ServiceStates.At(flow->ServiceSlot);
        if (state == null) return;
        var now = state->Position;
        if (SchedulerPosition.ServerSlot(now) == flow->ServerSlot) Interlocked.CompareExchange(ref state->Position, position, now);
    }

    /// <summary>Whether the server is to see an address of this host instead of the client's.</summary>
    private static bool IsMasqueraded(Packet* packet, Flow* flow, Service* service, int place)
    {
        if ((service->Policy & ServicePolicy.Proxied) == 0) return false;
        // Its own server would answer past this host; a process that asks for an address of this host has taken that for its own, which only this host knows.
        if (IpAddress.AreEqual(&packet->Source, &flow->Reply.Source) || IpAddress.AreEqual(&packet->Source, &flow->Virtual)) return true;
        return service->Masquerade switch
        {
            SourceTranslation.All => true,
            SourceTranslation.ExceptPods => place != Clients.Pod,
            SourceTranslation.Node => place == Clients.Node,
            _ => false,
        };
    }

    /// <summary>Makes the pending flow that of a socket which was translated when it was connected.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    public static int Adopt(Packet* packet, SocketService* socket)
    {
        var flow = FlowTable.Pending();
        var server = Maps.Servers.At(socket->ServerSlot);
        if (flow == null || server == null) return TcAction.Shot;
        flow->ServiceSlot = socket->ServiceSlot;
        flow->ServerSlot = socket->ServerSlot;
        flow->Virtual = socket->Virtual;
        flow->VirtualPortBe = socket->VirtualPortBe;
        return Start(packet, flow, server, FlowStatus.Service | FlowStatus.Socket);
    }

    private static int Start(Packet* packet, Flow* flow, Server* server, FlowStatus status)
    {
        if (!Prepare(packet, flow, server, status)) return TcAction.Shot;
        Count(packet, flow, server);
        return TcAction.Continue;
    }

    private static bool Prepare(Packet* packet, Flow* flow, Server* server, FlowStatus status)
    {
        var timeouts = Timeouts.Settings();
        if (timeouts == null) return false;
        flow->Status |= status;
        packet->FlowStatus = flow->Status;
        // Connections start as inactive, and only TCP has states that make them active (ip_vs_bind_dest).
        flow->IpvsFlags |= IpvsFlowFlags.Inactive | IpvsFlowFlags.Bound;
        var seconds = IpvsStates.Follow(packet, &packet->Original, flow, server, timeouts);
        flow->Expires = flow->Created + seconds * Timeouts.Second;
        return true;
    }

    /// <summary>The server has the connection and its first packet.</summary>
    public static void Count(Packet* packet, Flow* flow, Server* server)
    {
        ServerCounts.Began(flow, server, flow->Created);
        ServerCounts.In(packet, flow, server, flow->Created);
    }
}

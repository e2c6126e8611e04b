using Weir.DataPath.Flows;

namespace Weir.DataPath.Services;

/// <summary>What a service and its servers count: connections that are there, and packets that passed.</summary>
internal static unsafe class ServerCounts
{
    /// <summary>A connection was given to a server.</summary>
    public static void Began(Flow* flow, Server* server, ulong now)
    {
        var state = Maps.ServiceStates.At(flow->ServiceSlot);
        if (state == null) return;
        Estimates.Follow(flow->ServerSlot, server, flow->ServiceSlot, state, now);
        if ((flow->IpvsFlags & IpvsFlowFlags.Inactive) != 0) Interlocked.Add(ref server->Inactive, 1);
        else Interlocked.Add(ref server->Active, 1);
        CheckUpper(server);
        Interlocked.Add(ref server->Connections, 1);
        Interlocked.Add(ref state->Connections, 1);
    }

    /// <summary>A connection ended: the flow's flags say in which count it was.</summary>
    public static void Ended(Flow* flow)
    {
        if ((flow->IpvsFlags & IpvsFlowFlags.Bound) == 0) return;
        flow->IpvsFlags &= ~IpvsFlowFlags.Bound;
        var server = Maps.Servers.At(flow->ServerSlot);
        if (server == null) return;
        if ((flow->IpvsFlags & IpvsFlowFlags.Inactive) != 0) Interlocked.Add(ref server->Inactive, -1);
        else Interlocked.Add(ref server->Active, -1);
        CheckLower(server);
    }

    /// <summary>At its upper threshold a server is overloaded (ip_vs_bind_dest).</summary>
    public static void CheckUpper(Server* server)
    {
        if (server->UpperThreshold != 0 && server->Active + server->Inactive >= (int)server->UpperThreshold) server->Overloaded = 1;
    }

    /// <summary>Below its lower threshold, without one at three quarters of the upper, it takes connections again (ip_vs_unbind_dest).</summary>
    public static void CheckLower(Server* server)
    {
        if (server->Overloaded == 0) return;
        var total = server->Active + server->Inactive;
        if (server->LowerThreshold != 0)
        {
            if (total < (int)server->LowerThreshold) server->Overloaded = 0;
        }
        else if (server->UpperThreshold == 0 || total * 4L < server->UpperThreshold * 3L)
        {
            server->Overloaded = 0;
        }
    }

    /// <summary>A packet went to the server.</summary>
    public static void In(Packet* packet, Flow* flow, Server* server, ulong now)
    {
        var state = Maps.ServiceStates.At(flow->ServiceSlot);
        if (state == null) return;
        Estimates.Follow(flow->ServerSlot, server, flow->ServiceSlot, state, now);
        Interlocked.Add(ref server->InPackets, 1);
        Interlocked.Add(ref server->InBytes, packet->Length);
        Interlocked.Add(ref state->InPackets, 1);
        Interlocked.Add(ref state->InBytes, packet->Length);
    }

    /// <summary>A packet came from the server.</summary>
    public static void Out(Packet* packet, Flow* flow, Server* server, ulong now)
    {
        var state = Maps.ServiceStates.At(flow->ServiceSlot);
        if (state == null) return;
        Estimates.Follow(flow->ServerSlot, server, flow->ServiceSlot, state, now);
        Interlocked.Add(ref server->OutPackets, 1);
        Interlocked.Add(ref server->OutBytes, packet->Length);
        Interlocked.Add(ref state->OutPackets, 1);
        Interlocked.Add(ref state->OutBytes, packet->Length);
    }
}

using Weir.Bpf.Programs;
using Weir.DataPath.Flows;

namespace Weir.DataPath.Services;

/// <summary>
/// IPVS's own view of a connection, which decides whether it counts as active and how long it stays: the documented states of ip_vs_proto_tcp, and those of
/// <see cref="SctpStates"/>.
/// </summary>
internal static unsafe class IpvsStates
{
    // Who sent the segment; clients of servers that answer past this host have a table of their own.
    private const uint FromClient = 0;
    private const uint FromServer = 1;
    private const uint FromClientOnly = 2;

    private const uint States = 11;
    private const uint Kinds = 4;

    private const uint Syn = 0;
    private const uint Fin = 1;
    private const uint Ack = 2;
    private const uint Rst = 3;

    private static readonly ConstantTable<byte> s_transitions = new([
        // From the client. Columns: NONE, ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN, SYNACK.
        3, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, // syn
        6, 7, 2, 5, 5, 5, 6, 7, 8, 9, 5, // fin
        1, 1, 2, 1, 4, 5, 6, 7, 6, 9, 1, // ack
        6, 6, 6, 3, 6, 6, 6, 6, 8, 9, 3, // rst
        // From the server.
        2, 1, 2, 3, 2, 2, 2, 2, 2, 9, 3, // syn
        5, 4, 2, 5, 4, 5, 6, 5, 8, 9, 5, // fin
        1, 1, 2, 1, 4, 5, 6, 7, 8, 1, 1, // ack
        6, 6, 2, 6, 6, 5, 6, 6, 6, 6, 6, // rst
        // From the client, whose server is not heard.
        3, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, // syn
        6, 4, 2, 5, 4, 5, 6, 7, 8, 9, 5, // fin
        1, 1, 2, 1, 4, 5, 6, 7, 6, 9, 1, // ack
        6, 6, 6, 3, 6, 6, 6, 6, 8, 9, 6, // rst
    ]);

    /// <summary>Seconds by state; 0 where <c>ipvsadm --set</c> decides.</summary>
    private static readonly ConstantTable<byte> s_seconds = new([2, 0, 120, 60, 0, 120, 10, 60, 30, 120, 120]);

    /// <summary>A packet of the flow passed: moves its state and its server's counts on.</summary>
    /// <returns>Seconds that the flow now has.</returns>
    public static uint Follow(Packet* packet, FlowTuple* original, Flow* flow, Server* server, TimeoutSettings* timeouts)
    {
        var isSctp = packet->Protocol == Parse.Sctp;
        if (packet->Protocol != Parse.Tcp && !isSctp)
        {
            if (packet->Direction != 0) Persistence.Assure(original, flow);
            return timeouts->IpvsUdp;
        }
        uint state = (uint)flow->IpvsState;
        if ((packet->Flags & PacketFlags.LaterFragment) == 0)
        {
            var next = isSctp ? SctpStates.Next(packet, state) : Next(packet, flow, state);
            if (next != state) Enter(original, flow, server, next, isSctp ? (uint)SctpState.Established : (uint)IpvsState.Established);
            state = next;
        }
        if (isSctp) return SctpStates.SecondsOf(state);
        if (state == (uint)IpvsState.Established) return timeouts->IpvsTcp;
        return state == (uint)IpvsState.FinWait ? timeouts->IpvsTcpFin : s_seconds.At(state);
    }

    private static uint Next(Packet* packet, Flow* flow, uint state)
    {
        if (state >= States) return (uint)IpvsState.Close;
        var from = packet->Direction == 0 ? FromClient : FromServer;
        if ((flow->IpvsFlags & IpvsFlowFlags.NoOutput) != 0)
        {
            if (from == FromServer) flow->IpvsFlags &= ~IpvsFlowFlags.NoOutput;
            else from = FromClientOnly;
        }
        uint kind;
        if ((packet->TcpFlags & TcpStates.Rst) != 0) kind = Rst;
        else if ((packet->TcpFlags & TcpStates.Syn) != 0) kind = Syn;
        else if ((packet->TcpFlags & TcpStates.Fin) != 0) kind = Fin;
        else if ((packet->TcpFlags & TcpStates.Ack) != 0) kind = Ack;
        else return (uint)IpvsState.Close;
        return s_transitions.At((from * Kinds + kind) * States + state);
    }

    private static void Enter(FlowTuple* original, Flow* flow, Server* server, uint next, uint established)
    {
        flow->IpvsState = (IpvsState)next;
        if (next == established)
        {
            if ((flow->IpvsFlags & IpvsFlowFlags.Inactive) != 0)
            {
                flow->IpvsFlags &= ~IpvsFlowFlags.Inactive;
                Interlocked.Add(ref server->Active, 1);
                Interlocked.Add(ref server->Inactive, -1);
            }
            // Nobody will see an answer, so nothing else tells such a flow from an embryonic one.
            if ((flow->IpvsFlags & IpvsFlowFlags.NoOutput) != 0) FlowTable.Set(flow, FlowStatus.Assured);
            Persistence.Assure(original, flow);
        }
        else if ((flow->IpvsFlags & IpvsFlowFlags.Inactive) == 0)
        {
            flow->IpvsFlags |= IpvsFlowFlags.Inactive;
            Interlocked.Add(ref server->Active, -1);
            Interlocked.Add(ref server->Inactive, 1);
        }
    }
}

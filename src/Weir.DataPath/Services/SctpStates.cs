using Weir.Bpf.Programs;

namespace Weir.DataPath.Services;

/// <summary>
/// How ip_vs follows an SCTP association: by the first chunk of each packet (RFC 9260, 3.2). The transitions are those that were seen of the kernel's ip_vs (Linux 6.1),
/// chunk by chunk in every state that it can be brought to (tests/services/sctp.py); nothing leads on from NONE but INIT.
/// </summary>
internal static unsafe class SctpStates
{
    /// <summary>The chunk that begins an association.</summary>
    public const byte Init = 1;

    private const uint States = 14;
    private const uint Events = 10;

    /// <summary>Events by chunk type; data, SACK, HEARTBEAT and whatever else there is are one.</summary>
    private static readonly ConstantTable<byte> s_sctpEvents = new([0, 1, 2, 0, 0, 0, 9, 5, 6, 8, 3, 4, 0, 0, 7]);

    private static readonly ConstantTable<byte> s_sctpMoves = new([
        // From the client. Columns: the states, from NONE.
        13, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, // data and others
        1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 2, 1, // INIT
        13, 5, 5, 3, 4, 6, 6, 7, 8, 9, 10, 11, 12, 13, // INIT ACK
        13, 2, 2, 4, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, // COOKIE ECHO
        13, 1, 2, 3, 4, 5, 6, 8, 8, 9, 10, 11, 12, 13, // COOKIE ACK
        13, 1, 2, 3, 4, 5, 6, 7, 10, 9, 10, 11, 12, 13, // SHUTDOWN
        13, 2, 2, 3, 4, 5, 6, 7, 8, 13, 10, 13, 12, 13, // SHUTDOWN ACK
        13, 13, 13, 3, 4, 5, 6, 7, 8, 9, 10, 13, 12, 13, // SHUTDOWN COMPLETE
        13, 1, 2, 3, 4, 5, 6, 13, 8, 9, 10, 11, 12, 13, // ERROR
        13, 13, 13, 13, 13, 12, 13, 13, 13, 13, 13, 13, 13, 13, // ABORT
        // From the server.
        13, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, // data and others
        13, 5, 5, 5, 5, 5, 5, 5, 8, 5, 5, 5, 5, 5, // INIT
        13, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, // INIT ACK
        13, 7, 7, 7, 7, 7, 7, 7, 8, 9, 10, 11, 12, 13, // COOKIE ECHO
        13, 8, 8, 8, 8, 8, 8, 8, 8, 9, 10, 11, 12, 13, // COOKIE ACK
        13, 9, 9, 9, 9, 9, 9, 9, 9, 9, 10, 11, 12, 13, // SHUTDOWN
        13, 11, 11, 11, 11, 5, 6, 7, 8, 11, 11, 11, 12, 13, // SHUTDOWN ACK
        13, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, // SHUTDOWN COMPLETE
        13, 13, 13, 13, 13, 5, 6, 7, 8, 9, 10, 11, 12, 13, // ERROR
        13, 12, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, // ABORT
    ]);

    /// <summary>The state after a packet.</summary>
    public static uint Next(Packet* packet, uint state)
    {
        if (state >= States) return (uint)SctpState.Closed;
        var from = packet->Direction == 0 ? 0u : 1;
        return s_sctpMoves.At((from * Events + s_sctpEvents.At(packet->TcpFlags)) * States + state);
    }

    /// <summary>Seconds that an association has in a state.</summary>
    public static uint SecondsOf(uint state) => state switch
    {
        (uint)SctpState.Established => 900,
        (uint)SctpState.Init1 or (uint)SctpState.Rejected => 4,
        _ => 61,
    };
}

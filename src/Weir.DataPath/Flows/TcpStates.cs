using Weir.Bpf.Programs;

namespace Weir.DataPath.Flows;

/// <summary>
/// Netfilter's TCP state machine (what nf_conntrack_proto_tcp does, by its documented table): next state by direction, kind of segment and state.
/// Sequence windows are not followed; for what else depends on numbers see <see cref="TcpTracking"/>.
/// </summary>
internal static class TcpStates
{
    /// <summary>In the table: the segment cannot belong to the connection.</summary>
    public const byte Invalid = 20;

    /// <summary>In the table: the segment passes but moves nothing.</summary>
    public const byte Ignored = 21;

    /// <summary>Not in the table: a new connection begins with this segment.</summary>
    public const byte Reopened = 22;

    public const byte Fin = 0x01;
    public const byte Syn = 0x02;
    public const byte Rst = 0x04;
    public const byte Psh = 0x08;
    public const byte Ack = 0x10;
    public const byte Urg = 0x20;

    // Kinds of segment, rows of the table.
    public const uint KindSyn = 0;
    public const uint KindSynAck = 1;
    public const uint KindFin = 2;
    public const uint KindAck = 3;
    public const uint KindRst = 4;
    public const uint KindNone = 5;

    /// <summary>A bit for each of: SYN, SYN URG, SYN ACK, RST, RST ACK, FIN ACK, FIN ACK URG, ACK, ACK URG.</summary>
    private const ulong Valid = 1ul << Syn | 1ul << (Syn | Urg) | 1ul << (Syn | Ack) | 1ul << Rst | 1ul << (Rst | Ack) |
        1ul << (Fin | Ack) | 1ul << (Fin | Ack | Urg) | 1ul << Ack | 1ul << (Ack | Urg);

    private const uint States = 10;
    private const uint Kinds = 6;

    private static readonly ConstantTable<byte> s_next = new([
        // Original direction. Columns: none, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2.
        1, 1, 21, 21, 21, 21, 21, 1, 1, 9, // syn
        20, 20, 2, 20, 20, 20, 20, 20, 20, 2, // syn+ack
        20, 20, 4, 4, 6, 6, 6, 7, 8, 20, // fin
        3, 20, 3, 3, 5, 5, 7, 7, 8, 20, // ack
        20, 8, 8, 8, 8, 8, 8, 8, 8, 8, // rst
        20, 20, 20, 20, 20, 20, 20, 20, 20, 20, // none
        // Reply direction.
        20, 9, 20, 20, 20, 20, 20, 1, 20, 9, // syn
        20, 2, 21, 21, 21, 21, 21, 21, 21, 2, // syn+ack
        20, 20, 4, 4, 6, 6, 6, 7, 8, 20, // fin
        20, 21, 2, 3, 5, 5, 7, 7, 8, 21, // ack
        20, 8, 8, 8, 8, 8, 8, 8, 8, 8, // rst
        20, 20, 20, 20, 20, 20, 20, 20, 20, 20, // none
    ]);

    // A bit for each state: in SYN_RECV to TIME_WAIT all FINs and acknowledgements, in SYN_SENT the answer.
    private static readonly ConstantTable<byte> s_certain = new([0, 0, 0xfc, 0xfc, 0, 0, 0, 2, 0xfc, 0xfc, 0, 0]);

    // By FIN, SYN, RST and ACK. A table, because the verifier would follow each branch of a decision to its end.
    private static readonly ConstantTable<byte> s_kinds = new([
        5, 2, 0, 0, 4, 4, 4, 4,
        5, 2, 0, 0, 4, 4, 4, 4,
        3, 2, 1, 1, 4, 4, 4, 4,
        3, 2, 1, 1, 4, 4, 4, 4,
    ]);

    /// <summary>The next state, <see cref="Invalid"/> or <see cref="Ignored"/>.</summary>
    public static byte Next(uint direction, uint kind, uint state) => s_next.At((direction * Kinds + kind) * States + state);

    /// <summary>Whether a segment can be neither invalid nor the first of another connection for <see cref="TcpTracking.Next"/>, whatever its numbers are.</summary>
    public static bool IsCertain(uint direction, uint kind, uint state) => (s_certain.At(direction * Kinds + kind) >> (int)state & 1) != 0;

    /// <summary>The row of a segment.</summary>
    public static uint KindOf(byte flags) => s_kinds.At(flags & (uint)(Fin | Syn | Rst | Ack));

    /// <summary>Whether the flags can stand together (PSH, ECE and CWR may always).</summary>
    public static bool AreValid(byte flags) => (Valid >> (flags & (Fin | Syn | Rst | Ack | Urg)) & 1) != 0;
}

namespace Weir.DataPath;

/// <summary>
/// What one program leaves for the next one that sees the packet, in <c>skb->tc_index</c> (16 bits that survive routing): ingress for egress, and egress
/// for the ingress of the loopback device. Whoever reads it replaces it. It is lost where a later filter of someone else ends with TC_ACT_OK; egress
/// then finds the flow by itself.
/// </summary>
public static class Note
{
    /// <summary>A note of this data path, at all.</summary>
    public const uint Present = 1 << 0;

    /// <summary>Nothing more to do: made by the data path, or delivered after translation.</summary>
    public const uint Own = 1 << 1;

    /// <summary>The packet belongs to a virtual service: FORWARD chains do not apply.</summary>
    public const uint Service = 1 << 2;

    /// <summary>In the flow's reply direction.</summary>
    public const uint Reply = 1 << 3;

    /// <summary>The flow's destination is translated.</summary>
    public const uint DestinationNat = 1 << 4;

    /// <summary>The source is to be translated at egress, or the flow to be set up, confirmed or learnt (<see cref="PacketFlags.Learnt"/>).</summary>
    public const uint Pending = 1 << 5;

    /// <summary>The flow's source is translated.</summary>
    public const uint SourceNat = 1 << 6;

    /// <summary>It left through an egress program already: what follows (a tunnel's outer packet) was made here.</summary>
    public const uint Left = 1 << 7;

    /// <summary><see cref="Flows.TrackState"/>, 3 bits.</summary>
    public const int StateShift = 8;

    /// <summary>An answer that REJECT made, with the state and translation of the flow that it belongs to.</summary>
    public const uint Answer = 1 << 11;

    /// <summary><see cref="Flows.FlowStatus.Way"/>, 4 bits.</summary>
    public const int WayShift = 12;
}

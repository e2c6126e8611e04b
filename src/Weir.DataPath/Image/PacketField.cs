namespace Weir.DataPath.Image;

/// <summary>What a classifier looks at: numbers of 32 bits whose order is the order of the ranges that rules ask for (addresses and names with their first byte on top).</summary>
public enum PacketField : byte
{
    Source = 0,
    Destination = 1,
    DestinationPort = 2,
    SourcePort = 3,
    Protocol = 4,

    /// <summary><see cref="Flows.TrackState"/>, as rules see it.</summary>
    State = 5,
    Mark = 6,

    /// <summary>Type * 256 + code; 0 for what is not ICMP.</summary>
    Icmp = 7,

    /// <summary>The first four bytes of the input device's name; three more follow.</summary>
    InName = 8,

    /// <summary>The first four bytes of the output device's name; three more follow.</summary>
    OutName = 12,
}

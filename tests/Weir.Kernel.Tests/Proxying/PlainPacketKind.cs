namespace Weir.Kernel.Tests.Proxying;

/// <summary>What a packet of a flow test is.</summary>
internal enum PlainPacketKind
{
    /// <summary>A connection's first packet.</summary>
    First,

    /// <summary>A TCP reset: the host has no listener there.</summary>
    Reset,

    /// <summary>An ICMP error that tells that the port is unreachable; the other fields are of the packet that it quotes.</summary>
    Unreachable,
}

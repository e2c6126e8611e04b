namespace Weir.Model;

/// <summary>A real server of a virtual service as it is configured.</summary>
public sealed record RealServer
{
    /// <summary>The server's address and port.</summary>
    public required ServerKey Key { get; init; }

    /// <summary>How packets reach the server.</summary>
    public ForwardingMethod Forwarding { get; init; } = ForwardingMethod.Route;

    /// <summary>The server's share relative to the others; 0 takes no new connections.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>The number of connections from which the server takes no more; 0 is no limit.</summary>
    public uint UpperThreshold { get; init; }

    /// <summary>The number of connections below which a full server takes some again; 0 is three quarters of the upper one.</summary>
    public uint LowerThreshold { get; init; }

    /// <summary>The encapsulation; meaningful with <see cref="ForwardingMethod.Tunnel"/>.</summary>
    public TunnelOptions Tunnel { get; init; }
}

namespace Weir.Model;

/// <summary>How long idle connections are kept, in seconds.</summary>
/// <param name="Tcp">Established TCP.</param>
/// <param name="TcpFin">TCP after a FIN.</param>
/// <param name="Udp">UDP.</param>
public readonly record struct ServiceTimeouts(uint Tcp, uint TcpFin, uint Udp)
{
    /// <summary>The kernel's defaults: 900, 120 and 300 seconds.</summary>
    public static ServiceTimeouts Default => new(900, 120, 300);
}

namespace Weir.Model;

/// <summary>How a server with <see cref="ForwardingMethod.Tunnel"/> is reached.</summary>
/// <param name="Type">The encapsulation.</param>
/// <param name="Port">The UDP port of GUE, otherwise 0.</param>
/// <param name="Checksum">The checksum of the outer header.</param>
public readonly record struct TunnelOptions(TunnelType Type, ushort Port, TunnelChecksum Checksum);

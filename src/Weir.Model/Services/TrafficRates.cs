namespace Weir.Model;

/// <summary>Estimated present rates of a service or a server, all per second. In is from the client, out is to it.</summary>
public readonly record struct TrafficRates(ulong Connections, ulong PacketsIn, ulong PacketsOut, ulong BytesIn, ulong BytesOut);

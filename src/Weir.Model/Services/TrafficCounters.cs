namespace Weir.Model;

/// <summary>Totals of a service or a server since it was made or zeroed. In is from the client, out is to it.</summary>
public readonly record struct TrafficCounters(ulong Connections, ulong PacketsIn, ulong PacketsOut, ulong BytesIn, ulong BytesOut);

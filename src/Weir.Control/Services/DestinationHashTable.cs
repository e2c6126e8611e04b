namespace Weir.Control.Services;

/// <summary>The table of the dh scheduler: 256 buckets dealt to the servers in turn, whatever their weights (ip_vs_dh).</summary>
public static class DestinationHashTable
{
    /// <summary>Buckets of a table.</summary>
    public const int Size = 256;

    /// <summary>Fills a table; without servers every bucket holds <see cref="SourceHashTable.NoServer"/>.</summary>
    /// <param name="servers">Server slots and weights, newest server first.</param>
    /// <param name="buckets">Receives <see cref="Size"/> server slots.</param>
    public static void Fill(ReadOnlySpan<WeightedServer> servers, Span<uint> buckets)
    {
        for (var i = 0; i < Size; i++) buckets[i] = servers.IsEmpty ? SourceHashTable.NoServer : servers[i % servers.Length].Slot;
    }
}

namespace Weir.Control.Services;

/// <summary>The table of the sh scheduler: 256 buckets in which each server has as many neighbouring ones as its weight (ip_vs_sh).</summary>
public static class SourceHashTable
{
    /// <summary>Buckets of a table.</summary>
    public const int Size = 256;

    /// <summary>What a bucket holds that has no server.</summary>
    public const uint NoServer = 0;

    /// <summary>
    /// Fills a table. A server with weight 0 gets one bucket, whose clients are refused: that is how it stays where it is when it is quiesced.
    /// </summary>
    /// <param name="servers">Server slots and weights, newest server first.</param>
    /// <param name="buckets">Receives <see cref="Size"/> server slots.</param>
    public static void Fill(ReadOnlySpan<WeightedServer> servers, Span<uint> buckets)
    {
        buckets = buckets[..Size];
        buckets.Fill(NoServer);
        if (servers.IsEmpty) return;
        int server = 0, used = 0;
        for (var i = 0; i < Size; i++)
        {
            buckets[i] = servers[server].Slot;
            if (++used < servers[server].Weight) continue;
            used = 0;
            server = (server + 1) % servers.Length;
        }
    }
}

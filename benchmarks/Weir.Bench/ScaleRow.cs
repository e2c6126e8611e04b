using System.Text.Json.Serialization;

namespace Weir.Bench;

/// <summary>One peer with one number of rules.</summary>
internal sealed class ScaleRow
{
    public required string Kind { get; init; }

    public required int Rules { get; init; }

    public required string Peer { get; init; }

    public double PacketsPerSecond { get; set; }

    /// <summary>How many times as many packets Weir forwards with the same rules.</summary>
    public double WeirPackets { get; set; }

    public double ConnectionsPerSecond { get; set; }

    /// <summary>Median time from a connection's first packet to the answer to it.</summary>
    public double FirstAnswerMicroseconds { get; set; }

    public double RestoreMilliseconds { get; set; }

    public double AppendMilliseconds { get; set; }

    public double DeleteMilliseconds { get; set; }

    /// <summary>What the kernel's memory (slab, vmalloc and per-processor) grew by with the rules; a megabyte more or less is other programs'.</summary>
    public double Megabytes { get; set; }

    public override string ToString() =>
        $"{Kind,-10} {Rules,7:N0} {Peer,-16} {PacketsPerSecond,9:N0} packets/s (weir {WeirPackets,6:F2}x) {ConnectionsPerSecond,7:N0} connections/s  first answer {FirstAnswerMicroseconds,5:N0} us  restore {RestoreMilliseconds,8:N0} ms  append {AppendMilliseconds,6:N1} ms  delete {DeleteMilliseconds,6:N1} ms  {Megabytes,6:N1} MB";
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(List<ScaleRow>))]
internal sealed partial class ScaleJson : JsonSerializerContext;

using Weir.Bpf.Maps;
using Weir.Control.Images;
using Weir.DataPath.Image;

namespace Weir.Control.Instances;

/// <summary>The live image where it lies. It stays as it is only while no change can be made: who holds the lock may look at it.</summary>
public sealed class LiveImage(BpfMap map) : IDisposable
{
    private readonly MappedArray<Cell> _memory = map.AsArray<Cell>().MapMemory(isWritable: false);

    /// <summary>The image's cells. (The map may have more room than it takes.)</summary>
    public ReadOnlySpan<Cell> Cells => _memory.Span[..RuleImage.LengthOf(_memory.Span)];

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.Dispose();
        map.Dispose();
    }
}

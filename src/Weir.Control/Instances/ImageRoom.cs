using Weir.Bpf.Maps;
using Weir.DataPath.Image;

namespace Weir.Control.Instances;

/// <summary>Where the next image is written, in the kernel: no packet looks there before it is made live.</summary>
public sealed class ImageRoom(uint slot, BpfMap map) : IDisposable
{
    private readonly MappedArray<Cell> _memory = map.AsArray<Cell>().MapMemory();

    /// <summary>The slot in <see cref="DataPath.Maps.Images"/>.</summary>
    public uint Slot => slot;

    /// <summary>At least as many cells as were asked for; they hold what a former image left.</summary>
    public Span<Cell> Cells => _memory.Span;

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.Dispose();
        map.Dispose();
    }
}

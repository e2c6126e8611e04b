using Weir.Bpf.Maps;
using Weir.Bpf.Netlink;
using Weir.Bpf.Objects;
using Weir.Control.Images;
using Weir.DataPath;
using Weir.DataPath.Image;

namespace Weir.Control.Instances;

/// <summary>The rule image: read, and replaced as a whole.</summary>
public sealed partial class Instance
{
    // BPF_F_MMAPABLE and BPF_F_INNER_MAP: an inner map of any size, filled through memory.
    private const uint ImageFlags = 1 << 10 | 1 << 12;

    /// <summary>The word that says which image is live (<see cref="ActiveImage"/>); 0 where no rules have been loaded yet.</summary>
    public ulong Active => Map(nameof(Maps.Active)).AsArray<ulong>()[0];

    /// <summary>The cells of the live image, or none.</summary>
    public Cell[] ReadImage() => ReadImage(Active);

    /// <summary>Makes an image live: one write, which every packet sees whole or not at all.</summary>
    public void Commit(RuleImage image)
    {
        var active = Active;
        var slot = (active & ActiveImage.Loaded) == 0 ? 0 : ((uint)active + 1) & ActiveImage.SlotMask;
        using (var map = BpfMap.Create(new("image", MapKind.Array, 4, Cell.Size, (uint)image.Cells.Length) { Flags = ImageFlags }))
        {
            using (var memory = map.AsArray<Cell>().MapMemory()) image.Cells.CopyTo(memory.Span);
            Map(nameof(Maps.Images)).AsMapOfMaps<uint>().Set(slot, map);
        }
        if (image.NewStateSlots.Count > 0)
        {
            var states = Map(nameof(Maps.RuleStates)).AsArray<RuleState>();
            foreach (var state in image.NewStateSlots) states[state] = default;
        }
        if ((image.Header.Flags & ImageBuilder.AddressTypes) != 0)
        {
            using var socket = new RouteSocket();
            WriteAddressTypes(socket);
        }
        // The generation in the word's high half lets readers see that an image was replaced while they read it.
        Map(nameof(Maps.Active)).AsArray<ulong>()[0] = image.Header.Generation << 32 | image.Flags | slot;
    }

    private bool AsksAddressTypes()
    {
        var active = Active;
        if ((active & ActiveImage.Loaded) == 0) return false;
        using var map = Map(nameof(Maps.Images)).AsMapOfMaps<uint>().TryOpen((uint)active & ActiveImage.SlotMask);
        return map is not null && (RuleImage.HeaderOf([map.AsArray<Cell>()[0]]).Flags & ImageBuilder.AddressTypes) != 0;
    }

    private Cell[] ReadImage(ulong active)
    {
        if ((active & ActiveImage.Loaded) == 0) return [];
        using var map = Map(nameof(Maps.Images)).AsMapOfMaps<uint>().TryOpen((uint)active & ActiveImage.SlotMask);
        if (map is null) return [];
        using var memory = map.AsArray<Cell>().MapMemory(isWritable: false);
        return memory.Span.ToArray();
    }
}

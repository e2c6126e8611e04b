using System.Runtime.InteropServices;
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
    // 16 KiB, which a few dozen rules fill.
    private const int FirstImageCells = 256;

    // BPF_F_MMAPABLE and BPF_F_INNER_MAP: an inner map of any size, filled through memory.
    private const uint ImageFlags = 1 << 10 | 1 << 12;

    /// <summary>The word that says which image is live (<see cref="ActiveImage"/>); 0 where no rules have been loaded yet.</summary>
    public ulong Active => Map(nameof(Maps.Active)).AsArray<ulong>()[0];

    /// <summary>The cells of the live image, or none.</summary>
    public Cell[] ReadImage()
    {
        while (true)
        {
            var active = Active;
            var cells = ReadImage(active);
            // As in the data path: after that many changes the image may have been written over while it was read.
            if ((uint)(Active >> ActiveImage.GenerationShift) - (uint)(active >> ActiveImage.GenerationShift) < ActiveImage.Slots - 1) return cells;
        }
    }

    /// <summary>Makes an image live: one write, which every packet sees whole or not at all.</summary>
    public void Commit(RuleImage image)
    {
        var active = Active;
        var slot = (active & ActiveImage.Loaded) == 0 ? 0 : ((uint)active + 1) & ActiveImage.SlotMask;
        // Never the same twice, whatever the image was made from: flows remember verdicts by it, and readers see that an image was replaced while they read it.
        var generation = (active >> ActiveImage.GenerationShift) + 1;
        MemoryMarshal.Cast<Cell, HeaderCell>(image.Cells.AsSpan())[0].Generation = generation;
        WriteImage(slot, image.Cells);
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
        Map(nameof(Maps.Active)).AsArray<ulong>()[0] = generation << ActiveImage.GenerationShift | image.Flags | slot;
    }

    /// <summary>Writes over what is in the slot, where it has room: to exchange the map would mean to wait until no program uses it any more (synchronize_rcu, 10 ms).</summary>
    private void WriteImage(uint slot, Cell[] cells)
    {
        var images = Map(nameof(Maps.Images)).AsMapOfMaps<uint>();
        using (var present = images.TryOpen(slot))
        {
            if (present is not null && present.Info.MaxEntries >= cells.Length && present.Info.MaxEntries <= RoomFor(cells.Length) * 4)
            {
                Fill(present, cells);
                return;
            }
        }
        // The wait is the same for one and for all: those whose turn comes next get room as well. The live one must stay.
        var active = Active;
        var live = (active & ActiveImage.Loaded) == 0 ? uint.MaxValue : (uint)active & ActiveImage.SlotMask;
        var maps = Enumerable.Range(0, (int)ActiveImage.Slots).Where(other => other != live).Select(other => ((uint)other, CreateImage(cells.Length))).ToArray();
        try
        {
            Fill(maps.First(map => map.Item1 == slot).Item2, cells);
            images.SetMany(maps);
        }
        finally
        {
            foreach (var (_, map) in maps) map.Dispose();
        }
    }

    /// <summary>Gives every slot a map, in one go.</summary>
    private void PrepareImages()
    {
        var maps = new BpfMap[ActiveImage.Slots];
        try
        {
            for (var i = 0; i < maps.Length; i++) maps[i] = CreateImage(0);
            Map(nameof(Maps.Images)).AsMapOfMaps<uint>().SetMany([.. Enumerable.Range(0, maps.Length).Select(i => ((uint)i, maps[i]))]);
        }
        finally
        {
            foreach (var map in maps) map?.Dispose();
        }
    }

    private static BpfMap CreateImage(int cells) => BpfMap.Create(new("image", MapKind.Array, 4, Cell.Size, RoomFor(cells)) { Flags = ImageFlags });

    private static uint RoomFor(int cells) => (uint)Math.Max(FirstImageCells, cells + cells / 4);

    private static void Fill(BpfMap map, Cell[] cells)
    {
        using var memory = map.AsArray<Cell>().MapMemory();
        cells.CopyTo(memory.Span);
    }

    private bool AsksAddressTypes()
    {
        var active = Active;
        if ((active & ActiveImage.Loaded) == 0) return false;
        using var map = Map(nameof(Maps.Images)).AsMapOfMaps<uint>().TryOpen((uint)active & ActiveImage.SlotMask);
        return map is not null && (RuleImage.HeaderOf([map.AsArray<Cell>()[0]]).Flags & ImageBuilder.AddressTypes) != 0;
    }

    /// <summary>The live image, for who holds the lock; null: there is none.</summary>
    public LiveImage? MapImage() => MapImage(Active);

    private Cell[] ReadImage(ulong active)
    {
        using var image = MapImage(active);
        return image is null ? [] : image.Cells.ToArray();
    }

    private LiveImage? MapImage(ulong active) =>
        (active & ActiveImage.Loaded) != 0 && Map(nameof(Maps.Images)).AsMapOfMaps<uint>().TryOpen((uint)active & ActiveImage.SlotMask) is { } map ? new(map) : null;
}

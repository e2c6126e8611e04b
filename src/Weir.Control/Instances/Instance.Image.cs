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
        using var room = TakeRoom(image.Cells.Length);
        image.Cells.CopyTo(room.Cells);
        Commit(room, image);
    }

    /// <summary>Makes the image live that was written into the room.</summary>
    public void Commit(ImageRoom room, ImageFacts image)
    {
        // Never the same twice, whatever the image was made from: flows remember verdicts by it, and readers see that an image was replaced while they read it.
        var generation = (Active >> ActiveImage.GenerationShift) + 1;
        ref var header = ref MemoryMarshal.Cast<Cell, HeaderCell>(room.Cells)[0];
        header.Generation = generation;
        if (image.NewStateSlots.Count > 0)
        {
            var states = Map(nameof(Maps.RuleStates)).AsArray<RuleState>();
            foreach (var state in image.NewStateSlots) states[state] = default;
        }
        if ((header.Flags & ImageBuilder.AddressTypes) != 0)
        {
            using var socket = new RouteSocket();
            WriteAddressTypes(socket);
        }
        Map(nameof(Maps.Active)).AsArray<ulong>()[0] = generation << ActiveImage.GenerationShift | image.Flags | room.Slot;
    }

    /// <summary>
    /// Room for the next image: what the slot whose turn it is has, where that is enough. (To exchange the map would mean to wait until no program uses it any
    /// more: synchronize_rcu, 10 ms.)
    /// </summary>
    public ImageRoom TakeRoom(int cells)
    {
        var active = Active;
        var isLoaded = (active & ActiveImage.Loaded) != 0;
        var slot = isLoaded ? ((uint)active + 1) & ActiveImage.SlotMask : 0;
        var images = Map(nameof(Maps.Images)).AsMapOfMaps<uint>();
        var present = images.TryOpen(slot);
        if (present is not null && present.Info.MaxEntries >= cells && present.Info.MaxEntries <= RoomFor(cells) * 4) return new(slot, present);
        present?.Dispose();
        // The wait is the same for one and for all: those whose turn comes next get room as well. The live one must stay.
        var live = isLoaded ? (uint)active & ActiveImage.SlotMask : uint.MaxValue;
        var maps = Enumerable.Range(0, (int)ActiveImage.Slots).Where(other => other != live).Select(other => ((uint)other, CreateImage(cells))).ToArray();
        BpfMap? own = null;
        try
        {
            images.SetMany(maps);
            own = maps.First(map => map.Item1 == slot).Item2;
            return new(slot, own);
        }
        finally
        {
            foreach (var (_, map) in maps)
            {
                if (map != own) map.Dispose();
            }
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

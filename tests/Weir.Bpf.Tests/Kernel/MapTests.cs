using Weir.Bpf.Instructions;
using Weir.Bpf.Kernel;
using Weir.Bpf.Loading;
using Weir.Bpf.Maps;
using Weir.Bpf.Objects;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Tests.Kernel;

public sealed class MapTests
{
    [Theory]
    [InlineData(MapKind.Hash)]
    [InlineData(MapKind.LruHash)]
    public void Hashes_hold_entries(MapKind kind)
    {
        using var map = BpfMap.Create(new("entries", kind, 8, 16, 10_000));
        var hash = map.AsHash<long, (long, long)>();
        Assert.False(hash.TryGet(1, out _));
        Assert.True(hash.TryAdd(1, (2, 3)));
        Assert.False(hash.TryAdd(1, (9, 9)));
        Assert.True(hash.TryGet(1, out var value));
        Assert.Equal((2, 3), value);
        Assert.Equal(Errno.ENOENT, hash.TrySet(2, default, UpdateMode.Exist));
        Assert.True(hash.TryTake(1, out value));
        Assert.Equal((2, 3), value);
        Assert.False(hash.Remove(1));

        var keys = Enumerable.Range(0, 5000).Select(i => (long)i).ToArray();
        hash.SetMany(keys, keys.Select(i => (i, -i)).ToArray());
        var all = hash.ToArray();
        Assert.Equal(keys, all.Select(entry => entry.Key).Order());
        Assert.All(all, entry => Assert.Equal((entry.Key, -entry.Key), entry.Value));
        hash.RemoveMany([-1, 3, -2, 4, -3]);
        Assert.Equal(4998, hash.Keys().Length);
        Assert.Equal(4998, hash.TakeAll().Length);
        Assert.Empty(hash.ToArray());
    }

    [Fact]
    public void A_full_hash_says_so()
    {
        using var map = BpfMap.Create(new("small", MapKind.Hash, 4, 4, 1));
        var hash = map.AsHash<int, int>();
        hash.Set(1, 1);
        Assert.Equal(Errno.E2BIG, hash.TrySet(2, 2, UpdateMode.Any));
        var failure = Assert.Throws<BpfException>(() => hash.Set(2, 2));
        Assert.Equal("update map 'small': Argument list too long (E2BIG)", failure.Message);
    }

    [Fact]
    public void Views_check_kind_and_sizes()
    {
        using var map = BpfMap.Create(new("small", MapKind.Hash, 4, 4, 1));
        Assert.Throws<InvalidOperationException>(map.AsHash<int, long>);
        Assert.Throws<InvalidOperationException>(map.AsHash<long, int>);
        Assert.Throws<InvalidOperationException>(map.AsArray<int>);
    }

    [Fact]
    public async Task Walking_keys_ends_while_others_change_the_map()
    {
        using var map = BpfMap.Create(new("busy", MapKind.Hash, 4, 4, 4096));
        var hash = map.AsHash<int, int>();
        for (var i = 0; i < 1000; i++) hash.Set(i, i);
        using var stop = new CancellationTokenSource();
        var other = Task.Run(() =>
        {
            for (var i = 1000; !stop.IsCancellationRequested; i = i == 3000 ? 1000 : i + 1)
            {
                hash.Set(i, i);
                hash.Remove(i - 1 < 1000 ? 3000 : i - 1);
            }
        });
        for (var round = 0; round < 20; round++)
        {
            var walked = MapWalk.Keys(map).Select(key => BitConverter.ToInt32(key)).ToList();
            Assert.Equal(walked.Count, walked.Distinct().Count());
            Assert.Equal(1000, walked.Count(key => key < 1000));
            Assert.Equal(1000, hash.Keys().Count(key => key < 1000));
        }
        stop.Cancel();
        await other;
    }

    [Fact]
    public void Arrays_are_read_written_and_mapped()
    {
        using var map = BpfMap.Create(new("cells", MapKind.Array, 4, 64, 1000) { Flags = (uint)(MapFlags.Mmapable | MapFlags.InnerMap) });
        var array = map.AsArray<Cell>();
        array[3] = new Cell { First = 7 };
        array.SetMany(10, [new Cell { First = 1 }, new Cell { First = 2 }]);
        using (var memory = array.MapMemory())
        {
            Assert.Equal(1000, memory.Span.Length);
            Assert.Equal(7, memory.Span[3].First);
            memory.Span[999].First = 9;
        }
        Assert.Equal(9, array[999].First);
        var all = array.ToArray();
        Assert.Equal((1000, 7, 1, 2, 9), (all.Length, all[3].First, all[10].First, all[11].First, all[999].First));
        Assert.Throws<BpfException>(() => array[1000]);
        map.Freeze();
        using var readOnly = array.MapMemory(isWritable: false);
        Assert.Equal(9, readOnly.Span[999].First);
        Assert.Throws<BpfException>(() => array.MapMemory());
    }

    [Fact]
    public void Per_cpu_maps_have_a_value_for_each_cpu()
    {
        using var loaded = Loader.Load(Sample.Counting(kind: MapKind.PerCpuArray));
        loaded.Programs["Count"].Run(new byte[64], repeat: 5);
        var counts = loaded.Maps["counts"].AsPerCpuArray<ulong>();
        Assert.Equal(BpfMap.PossibleCpus, counts.Get(0).Length);
        Assert.Equal(5, counts.Get(0).Sum(count => (long)count));
        counts.SetSum(0, 100);
        Assert.Equal(100, counts.ToArray().Sum(count => (long)count));

        using var many = BpfMap.Create(new("slots", MapKind.PerCpuArray, 4, 8, 100));
        var slots = many.AsPerCpuArray<long>();
        for (var i = 0u; i < 100; i++) slots.SetSum(i, i);
        foreach (var (start, count, expected) in new (uint, uint, int)[] { (0, 100, 100), (0, 1, 1), (1, 3, 3), (63, 37, 37), (98, 5, 2), (99, 1, 1), (100, 4, 0), (200, 1, 0) })
        {
            var read = slots.GetMany(start, count);
            Assert.Equal(expected * BpfMap.PossibleCpus, read.Length);
            for (var i = 0; i < expected; i++) Assert.Equal(start + i, read.Skip(i * BpfMap.PossibleCpus).Take(BpfMap.PossibleCpus).Sum());
        }

        using var map = BpfMap.Create(new("perflow", MapKind.PerCpuHash, 4, 8, 100));
        var hash = map.AsPerCpuHash<int, long>();
        var values = Enumerable.Range(1, BpfMap.PossibleCpus).Select(i => (long)i).ToArray();
        hash.Set(5, values);
        Assert.Equal(values, hash.TryGet(5));
        Assert.Equal(values, Assert.Single(hash.ToArray()).Value);
        Assert.Null(hash.TryGet(6));
        Assert.True(hash.Remove(5));
        Assert.False(hash.Remove(5));
    }

    [Fact]
    public void Tries_find_the_longest_prefix()
    {
        using var map = BpfMap.Create(new("routes", MapKind.LpmTrie, 8, 4, 16) { Flags = (uint)MapFlags.NoPrealloc });
        var trie = map.AsHash<LpmKey<uint>, int>();
        trie.Set(new(8, Address(10, 0, 0, 0)), 8);
        trie.Set(new(24, Address(10, 1, 2, 0)), 24);
        Assert.True(trie.TryGet(new(32, Address(10, 1, 2, 3)), out var found));
        Assert.Equal(24, found);
        Assert.True(trie.TryGet(new(32, Address(10, 9, 2, 3)), out found));
        Assert.Equal(8, found);
        Assert.False(trie.TryGet(new(32, Address(11, 9, 2, 3)), out _));
        Assert.Equal([8, 24], trie.ToArray().Select(entry => entry.Value).Order());
    }

    [Fact]
    public void Maps_hold_maps()
    {
        using var outer = BpfMap.Create(new("images", MapKind.ArrayOfMaps, 4, 4, 3) { Inner = new("inner", MapKind.Array, 4, 8, 1) { Flags = (uint)MapFlags.InnerMap } });
        var images = outer.AsMapOfMaps<uint>();
        Assert.Null(images.TryGetId(0));
        using var image = BpfMap.Create(new("image", MapKind.Array, 4, 8, 100) { Flags = (uint)MapFlags.InnerMap });
        image.AsArray<long>()[50] = 5;
        images.Set(0, image);
        Assert.Equal(image.Info.Id, images.TryGetId(0));
        using var opened = images.TryOpen(0);
        Assert.Equal((100u, 5L), (opened!.Info.MaxEntries, opened.AsArray<long>()[50]));
        Assert.True(images.Remove(0));
        Assert.Null(images.TryOpen(0));
        images.SetMany([(2, image), (1, image)]);
        Assert.Equal([null, image.Info.Id, image.Info.Id], new uint[] { 0, 1, 2 }.Select(images.TryGetId));

        using var byKey = BpfMap.Create(new("byKey", MapKind.HashOfMaps, 8, 4, 4) { Inner = new("inner", MapKind.Hash, 4, 4, 8) });
        using var one = BpfMap.Create(new("one", MapKind.Hash, 4, 4, 8));
        byKey.AsMapOfMaps<long>().Set(77, one);
        Assert.Equal(one.Info.Id, byKey.AsMapOfMaps<long>().TryGetId(77));
        Assert.Null(byKey.AsMapOfMaps<long>().TryGetId(78));
    }

    [Fact]
    public void Program_arrays_take_tail_calls()
    {
        var (low, high) = Instruction.LoadMap(Register.R2);
        var file = new ObjectFile
        {
            Btf = [],
            Maps = [new("jumps", MapKind.ProgramArray, 4, 4, 4)],
            Programs =
            [
                new("call", "tc/ingress", [low, high, Instruction.Move64(Register.R3, 1), Instruction.CallHelper(12), Instruction.Move64(Register.R0, 1), Instruction.Exit()])
                {
                    Relocations = [new(0, RelocationKind.MapDescriptor, "jumps")],
                },
                new("target", "tc/ingress", [Instruction.Move64(Register.R0, 2), Instruction.Exit()]),
            ],
        };
        using var loaded = Loader.Load(file);
        var jumps = loaded.Maps["jumps"].AsProgramArray();
        Assert.Equal(1, loaded.Programs["call"].Run(new byte[64]).Result);
        jumps.Set(1, loaded.Programs["target"]);
        Assert.Equal(2, loaded.Programs["call"].Run(new byte[64]).Result);
        Assert.True(jumps.Remove(1));
        Assert.False(jumps.Remove(1));
    }

    [Fact]
    public void Ring_buffers_deliver_records_in_order_also_around_their_end()
    {
        // Outputs the packet's mark as a record of 4 bytes.
        var (low, high) = Instruction.LoadMap(Register.R1);
        Instruction[] code =
        [
            Instruction.Load(MemorySize.Word, Register.R2, Register.R1, 8),
            Instruction.Store(MemorySize.Word, Register.R10, -4, Register.R2),
            low, high,
            Instruction.Move64(Register.R2, Register.R10),
            Instruction.Alu64(AluOperation.Add, Register.R2, -4),
            Instruction.Move64(Register.R3, 4),
            Instruction.Move64(Register.R4, 0),
            Instruction.CallHelper(130),
            Instruction.Exit(),
        ];
        var file = new ObjectFile
        {
            Btf = [],
            Maps = [new("events", MapKind.RingBuffer, 0, 0, 4096)],
            Programs = [new("emit", "tc/ingress", code) { Relocations = [new(2, RelocationKind.MapDescriptor, "events")] }],
        };
        using var loaded = Loader.Load(file);
        using var ring = loaded.Maps["events"].OpenRingBuffer();
        using var poller = new Poller();
        poller.Add(loaded.Maps["events"].Descriptor, ring);
        Assert.Empty(poller.Wait(TimeSpan.Zero));
        var expected = 0u;
        for (var round = 0u; round < 30; round++)
        {
            for (var i = 0u; i < 100; i++)
            {
                var context = new SkBuff { Mark = round * 100 + i };
                Assert.Equal(0, loaded.Programs["emit"].Run(new byte[64], ref context).Result);
            }
            Assert.Same(ring, Assert.Single(poller.Wait(TimeSpan.FromSeconds(5))));
            Assert.Equal(100, ring.Drain(record => Assert.Equal(expected++, BitConverter.ToUInt32(record))));
        }
        Assert.Equal(0, ring.Drain(_ => { }));
        poller.Wake();
        Assert.Empty(poller.Wait(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void Maps_are_found_by_id()
    {
        using var map = BpfMap.Create(new("find.me", MapKind.Hash, 4, 4, 1));
        Assert.Contains(map.Info.Id, BpfMap.Ids());
        using var opened = BpfMap.TryOpen(map.Info.Id);
        Assert.Equal(map.Info, opened!.Info);
        Assert.Null(BpfMap.TryOpen(uint.MaxValue - 5));
    }

    private static uint Address(byte a, byte b, byte c, byte d) => BitConverter.ToUInt32([a, b, c, d]);

    private unsafe struct Cell
    {
        public int First;
        private fixed byte _rest[60];
    }
}

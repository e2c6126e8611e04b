using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Weir.Bpf.Loading;
using Weir.Bpf.Maps;
using Weir.Bpf.Objects;
using Weir.Bpf.Programs;
using Weir.Control.Images;
using Weir.Control.Instances;
using Weir.DataPath;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Services;
using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.TestRun;

/// <summary>
/// The data path twice: managed, and in the kernel through BPF_PROG_TEST_RUN, on the same packets with the same rules, routes and maps. After each packet verdict,
/// bytes, mark, counters, flows and statistics must be equal. One host as in the managed tests: 2 eth0 (192.0.2.1/24, fd01::1/64, the way to everywhere), 3 eth1 (10.0.0.1/24, fd02::1/64).
/// </summary>
public sealed unsafe class Twin : IDisposable
{
    public const uint Lo = 1, Eth0 = 2, Eth1 = 3;
    private const int Slots = 16;
    private const int MostLists = 4096;

    private readonly NetworkNamespace _host = new("twin");
    private readonly NetworkNamespace _far = new("twin-far");
    private readonly LoadedObject _kernel;
    private readonly List<string> _trace = [];
    private int _highestSlot;

    public Twin()
    {
        foreach (var (device, index, address) in new[] { ("eth0", 2, "192.0.2.1/24"), ("eth1", 3, "10.0.0.1/24") })
        {
            Shell.Run($"ip -n {_host.Name} link add {device} index {index} address 02:00:00:00:00:0{index} type veth peer name {device} netns {_far.Name}");
            Shell.Run($"ip -n {_host.Name} link set {device} addrgenmode none");
            Shell.Run($"ip -n {_host.Name} address add {address} dev {device}");
            Shell.Run($"ip -n {_host.Name} address add fd0{index - 1}::1/64 dev {device} nodad");
            Shell.Run($"ip -n {_host.Name} link set {device} up");
            Shell.Run($"ip -n {_far.Name} link set {device} up");
        }
        Shell.Run($"ip -n {_host.Name} route add default via 192.0.2.254");
        Shell.Run($"ip -n {_host.Name} route add default via fd01::fe");
        _host.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        var settings = new Settings
        {
            LoopbackIfIndex = Lo,
            EmbryonicMask = 15,
            Flags = SettingsFlags.TcpLoose | SettingsFlags.VerifyChecksums | SettingsFlags.FibSkipNeighbour,
        };
        *Maps.Settings.Value = settings;
        _kernel = Loader.Load(DataPathObject.Load(), new LoadOptions
        {
            Data = new Dictionary<string, byte[]> { [nameof(Maps.Settings)] = MemoryMarshal.AsBytes(new ReadOnlySpan<Settings>(in settings)).ToArray() },
            Programs = program => program.Name is nameof(Programs.Ingress) or nameof(Programs.Egress),
        });
    }

    /// <summary>The frame as the last program left it.</summary>
    public byte[] Frame { get; private set; } = [];

    /// <summary>Both sides anew, with these rules (iptables-restore).</summary>
    public void Load(string rules)
    {
        var (image, highestSlot) = RuleImages.Of(rules);
        Load(image.Cells, image.Flags, highestSlot);
    }

    /// <summary>Both sides anew, with this image.</summary>
    public void Load(Cell[] cells, uint flags, int highestSlot)
    {
        _trace.Clear();
        _highestSlot = highestSlot;
        ManagedKernel.Current = new ManagedKernel { Routes = Route };
        foreach (var field in typeof(Maps).GetFields())
        {
            if (field.Name != nameof(Maps.Settings)) ((Map)field.GetValue(null)!).Clear();
        }
        Maps.Counters.Set(0, new PerCpuArrayMap<Counter>(Counter.ChunkSize));
        var managed = new ArrayMap<Cell>((uint)cells.Length);
        for (uint i = 0; i < cells.Length; i++) *managed.At(i) = cells[i];
        Maps.Images.Set(0, managed);
        *Maps.Active.At(0) = flags;
        *Maps.Timeouts.At(0) = TimeoutDefaults.Value;
        Device(Lo, "lo", "127.0.0.1");
        Device(Eth0, "eth0", "192.0.2.1");
        Device(Eth1, "eth1", "10.0.0.1");
        foreach (var (address, type, device) in new[] { ("192.0.2.1", 2u, Eth0), ("192.0.2.255", 3u, Eth0), ("10.0.0.1", 2u, Eth1), ("10.0.0.255", 3u, Eth1) })
        {
            var key = AddressBe(address);
            var value = type | device << 8;
            Maps.AddressTypes.Update(&key, &value, UpdateMode.Any);
        }
        using (var image = BpfMap.Create(new("image", MapKind.Array, 4, Cell.Size, (uint)cells.Length) { Flags = 1 << 10 | 1 << 12 }))
        {
            image.AsArray<Cell>().SetMany(0, cells);
            Map(nameof(Maps.Images)).AsMapOfMaps<uint>().Set(0, image);
        }
        using (var counters = BpfMap.Create(new("counters", MapKind.PerCpuArray, 4, sizeof(Counter), Counter.ChunkSize)))
            Map(nameof(Maps.Counters)).AsMapOfMaps<uint>().Set(0, counters);
        foreach (var name in new[] { nameof(Maps.Flows), nameof(Maps.Replies), nameof(Maps.ConnLimits), nameof(Maps.Fragments), nameof(Maps.Templates), nameof(Maps.Services) })
            Clear(Map(name));
        var states = Map(nameof(Maps.RuleStates)).AsArray<RuleState>();
        states.SetMany(0, new RuleState[states.Length]);
        Map(nameof(Maps.EmbryonicNext)).AsArray<ulong>()[0] = 0;
        Map(nameof(Maps.Embryonic)).AsArray<FlowTuple>().SetMany(0, new FlowTuple[Slots]);
        Map(nameof(Maps.Stats)).AsPerCpuArray<Stats>().Set(0, new Stats[BpfMap.PossibleCpus]);
        Mirror();
    }

    /// <summary>Writes what a test put into the managed maps into the kernel's.</summary>
    public void Mirror()
    {
        Map(nameof(Maps.Active)).AsArray<ulong>()[0] = *Maps.Active.At(0);
        Map(nameof(Maps.Timeouts)).AsArray<TimeoutSettings>()[0] = *Maps.Timeouts.At(0);
        foreach (var (key, value) in Maps.Devices.Entries()) Map(nameof(Maps.Devices)).AsHash<uint, Device>().Set(key, value);
        foreach (var (key, value) in Maps.AddressTypes.Entries()) Map(nameof(Maps.AddressTypes)).AsHash<uint, uint>().Set(key, value);
        foreach (var (key, value) in Maps.Services.Entries()) Map(nameof(Maps.Services)).AsHash<ServiceKey, Service>().Set(key, value);
        for (uint i = 0; i < Slots; i++) Map(nameof(Maps.ServiceStates)).AsArray<ServiceState>()[i] = *Maps.ServiceStates.At(i);
        MirrorServers();
        var lists = new uint[MostLists];
        for (uint i = 0; i < MostLists; i++) lists[i] = *Maps.ServerLists.At(i);
        Map(nameof(Maps.ServerLists)).AsArray<uint>().SetMany(0, lists);
    }

    public void MirrorServers()
    {
        for (uint i = 0; i < Slots; i++) Map(nameof(Maps.Servers)).AsArray<Server>()[i] = *Maps.Servers.At(i);
    }

    /// <summary>A frame comes in by a device. Returns the verdict.</summary>
    public int In(byte[] frame, uint device = Eth0, uint mark = 0) => Run(nameof(Programs.Ingress), frame, device, device, mark);

    /// <summary>A frame that a process of the host sends.</summary>
    public int Out(byte[] frame, uint device = Eth0, uint mark = 0) => Run(nameof(Programs.Egress), frame, device, 0, mark);

    /// <summary>What came in goes out again, without the note that test-run cannot carry.</summary>
    public int Onward(uint from, uint to, uint mark = 0) => Run(nameof(Programs.Egress), Frame, to, from, mark);

    /// <summary>In by one device and, where passed and not for this host, out by another.</summary>
    public int Through(byte[] frame, uint from = Eth0, uint to = Eth1, uint mark = 0)
    {
        var action = In(frame, from, mark);
        return action == TcAction.Next && !IsOwn(Frame) ? Onward(from, to) : action;
    }

    /// <summary>Packets counted by a slot, on both sides.</summary>
    public ulong Counted(int slot) => Maps.Counters.At(0)!.At((uint)slot)->Packets;

    public void Dispose()
    {
        _kernel.Dispose();
        _host.Dispose();
        _far.Dispose();
    }

    private BpfMap Map(string name) => _kernel.Maps[name];

    private int Run(string program, byte[] original, uint device, uint ingressDevice, uint mark)
    {
        // To the device that looks at it, or the kernel takes it for someone else's.
        var frame = original.ToArray();
        (device == Lo ? new byte[6] : [2, 0, 0, 0, 0, (byte)device]).CopyTo(frame, 0);
        _trace.Add($"{program} on {device} from {ingressDevice}: {Convert.ToHexString(frame)}");
        ManagedKernel.Current.Now = Now();
        var context = new SkBuff { IfIndex = device, IngressIfIndex = ingressDevice, Mark = mark };
        var kernel = _host.Inside(() =>
        {
            var copy = context;
            var run = _kernel.Programs[program].Run(frame, ref copy);
            return (run.Result, run.Data, copy.Mark);
        });
        using var packet = new ManagedPacket(frame);
        packet.Context->ProtocolBe = BitConverter.ToUInt16(frame, 12);
        packet.Context->IfIndex = device;
        packet.Context->IngressIfIndex = ingressDevice;
        packet.Context->Mark = mark;
        var action = program == nameof(Programs.Ingress) ? Programs.Ingress(packet.Context) : Programs.Egress(packet.Context);
        Frame = packet.Bytes.ToArray();
        Same("verdict", action, kernel.Result);
        // What is dropped may be left in any form.
        if (action != TcAction.Shot) Same("bytes", Comparable(Frame), Comparable(kernel.Data));
        if (action != TcAction.Shot) Same("mark", packet.Context->Mark, kernel.Mark);
        Same("counters", ManagedCounters(), KernelCounters());
        SameFlows();
        Same("replies", Text(Maps.Replies.Entries()), Text(Map(nameof(Maps.Replies)).AsHash<FlowTuple, FlowTuple>().ToArray().Select(entry => (entry.Key, entry.Value))));
        Same("connlimits", Text(Maps.ConnLimits.Entries()), Text(Map(nameof(Maps.ConnLimits)).AsHash<ConnLimitKey, int>().ToArray().Select(entry => (entry.Key, entry.Value))));
        Same("servers", ManagedServers(), KernelServers());
        Same("statistics", Hex(Sum([*Maps.Stats.At(0)])), Hex(Sum(Map(nameof(Maps.Stats)).AsPerCpuArray<Stats>().Get(0))));
        return action;
    }

    private void Same<T>(string what, T managed, T kernel)
    {
        if (!EqualityComparer<T>.Default.Equals(managed, kernel))
            throw new XunitException($"{what}\n managed: {managed}\n kernel:  {kernel}\n packets:\n{string.Join('\n', _trace)}");
    }

    private string ManagedCounters()
    {
        var chunk = Maps.Counters.At(0)!;
        return string.Join(' ', Enumerable.Range(0, _highestSlot + 1).Select(slot => $"{chunk.At((uint)slot)->Packets}:{chunk.At((uint)slot)->Bytes}"));
    }

    private string KernelCounters()
    {
        using var chunk = Map(nameof(Maps.Counters)).AsMapOfMaps<uint>().TryOpen(0)!;
        var counters = chunk.AsPerCpuArray<Counter>();
        return string.Join(' ', Enumerable.Range(0, _highestSlot + 1).Select(slot =>
        {
            var values = counters.Get((uint)slot);
            return $"{values.Aggregate(0ul, (sum, value) => sum + value.Packets)}:{values.Aggregate(0ul, (sum, value) => sum + value.Bytes)}";
        }));
    }

    private static string ManagedServers() => string.Join('\n', Enumerable.Range(0, Slots).Select(i => Hex(WithoutTime(*Maps.Servers.At((uint)i)))));

    private string KernelServers()
    {
        var servers = Map(nameof(Maps.Servers)).AsArray<Server>();
        return string.Join('\n', Enumerable.Range(0, Slots).Select(i => Hex(WithoutTime(servers[(uint)i]))));
    }

    private static Server WithoutTime(Server server)
    {
        server.Tick = 0;
        return server;
    }

    /// <summary>An ICMP error made here has an identification that is drawn at random.</summary>
    private static string Comparable(byte[] frame)
    {
        var copy = frame.ToArray();
        // The link header's source is filled in later where an answer leaves.
        copy.AsSpan(0, 12).Clear();
        if (copy.Length >= 34 && copy[23] == 1) copy[18] = copy[19] = copy[24] = copy[25] = 0;
        return Convert.ToHexString(copy);
    }

    private void SameFlows()
    {
        var managed = Described(Maps.Flows.Entries());
        var kernel = Described(Map(nameof(Maps.Flows)).AsHash<FlowTuple, Flow>().ToArray().Select(entry => (entry.Key, entry.Value)));
        Same("flows", string.Join('\n', managed.Select(flow => flow.Text)), string.Join('\n', kernel.Select(flow => flow.Text)));
        // They were made one after the other.
        foreach (var (one, other) in managed.Zip(kernel))
        {
            if (Math.Abs((long)(one.Expires - other.Expires)) > 1_000_000_000) Same($"end of {one.Text}", one.Expires, other.Expires);
        }
    }

    private static (string Text, ulong Expires)[] Described(IEnumerable<(FlowTuple Key, Flow Value)> flows) => [.. flows.Select(flow =>
    {
        var value = flow.Value;
        (value.Timer, value.Expires, value.Created, value.Armed) = (default, 0, 0, 0);
        return ($"{Hex(flow.Key)} {Hex(value)}", flow.Value.Expires);
    }).OrderBy(flow => flow.Item1, StringComparer.Ordinal)];

    private static string Text<TKey, TValue>(IEnumerable<(TKey Key, TValue Value)> entries)
        where TKey : unmanaged
        where TValue : unmanaged => string.Join('\n', entries.Select(entry => $"{Hex(entry.Key)} {Hex(entry.Value)}").Order(StringComparer.Ordinal));

    private static string Hex<T>(T value)
        where T : unmanaged => Convert.ToHexString(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    private static Stats Sum(Stats[] copies)
    {
        Stats sum = default;
        var words = MemoryMarshal.Cast<Stats, ulong>(new Span<Stats>(ref sum));
        foreach (var copy in copies)
        {
            var own = MemoryMarshal.Cast<Stats, ulong>(new ReadOnlySpan<Stats>(in copy));
            for (var i = 0; i < words.Length; i++) words[i] += own[i];
        }
        return sum;
    }

    private static void Clear(BpfMap map)
    {
        var key = new byte[map.Info.KeySize];
        while (map.TryNextKey([], key) == Bpf.Kernel.Errno.None) map.TryDelete(key);
    }

    private static void Device(uint index, string name, string address)
    {
        Device device = default;
        Encoding.ASCII.GetBytes(name, new Span<byte>(device.Name, 16));
        device.AddressBe = AddressBe(address);
        Maps.Devices.Update(&index, &device, UpdateMode.Any);
    }

    private static uint AddressBe(string address) => BitConverter.ToUInt32(System.Net.IPAddress.Parse(address).GetAddressBytes());

    private static bool IsOwn(uint address) => address is 0xc0000201 or 0x0a000001 or 0xc00002ff or 0x0a0000ff or >= 0xe0000000 || address >> 24 == 127;

    private static bool IsOwn(byte[] frame) =>
        frame[12] == 8 ? IsOwn(BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(30))) : IsOwnIPv6(new System.Net.IPAddress(frame.AsSpan(38, 16)).ToString());

    private static bool IsOwnIPv6(string address) => address is "fd01::1" or "fd02::1" or "::1" || address.StartsWith("ff", StringComparison.Ordinal);

    private static FibLookupResult Route(FibLookup* parameters, FibLookupFlags flags)
    {
        if (parameters->Family == Routing.FamilyIPv6)
        {
            var address = new System.Net.IPAddress(new ReadOnlySpan<byte>(parameters->DestinationWordsBe, 16)).ToString();
            if (IsOwnIPv6(address)) return FibLookupResult.NotForwarded;
            parameters->IfIndex = address.StartsWith("fd02::", StringComparison.Ordinal) ? Eth1 : Eth0;
            return FibLookupResult.Success;
        }
        var destination = BinaryPrimitives.ReverseEndianness(parameters->DestinationBe);
        if (IsOwn(destination)) return FibLookupResult.NotForwarded;
        parameters->IfIndex = destination >> 8 == 0x0a0000 ? Eth1 : Eth0;
        return FibLookupResult.Success;
    }

    /// <summary>CLOCK_MONOTONIC, as the programs read it.</summary>
    private static ulong Now() => (ulong)(Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency));
}

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Weir.Bpf.Kernel;
using Weir.Bpf.Maps;
using Weir.Control.Images;
using Weir.Control.Instances;
using Weir.DataPath;
using Weir.DataPath.Services;
using Weir.Model;
using Weir.Model.Rules;
using KernelKey = Weir.DataPath.Services.ServiceKey;
using KernelState = Weir.DataPath.Services.ServiceState;
using ModelKey = Weir.Model.ServiceKey;

namespace Weir.Control.Services;

/// <summary>The maps of virtual services, and which of their elements are free.</summary>
internal sealed class ServiceTables : IDisposable
{
    // The first elements of ServerLists are never part of a run: the control side keeps its marks there.
    private const uint ListNextMark = 1;
    private const uint ListEndMark = 2;
    private const uint ServiceNextMark = 3;
    private const uint ServiceEndMark = 4;
    private const uint ServerHighMark = 5;
    private const uint FirstListElement = 16;

    /// <summary>Four elements: the name of the devices that this node's pods come in by (IFNAMSIZ).</summary>
    private const uint PodInterfaceMark = 6;

    private readonly BpfHash<KernelKey, Service> _services;
    private readonly BpfArray<uint> _lists;
    private readonly BpfHash<uint, Estimate> _estimates;
    private readonly MappedArray<Server> _servers;
    private readonly MappedArray<KernelState> _states;
    private List<uint>? _former;

    /// <summary>No slot below is free.</summary>
    private uint _free = 1;

    public ServiceTables(Instance instance)
    {
        _services = instance.Map(nameof(Maps.Services)).AsHash<KernelKey, Service>();
        _lists = instance.Map(nameof(Maps.ServerLists)).AsArray<uint>();
        _estimates = instance.Map(nameof(Maps.Estimates)).AsHash<uint, Estimate>();
        Networks = new(instance);
        _servers = instance.Map(nameof(Maps.Servers)).AsArray<Server>().MapMemory();
        _states = instance.Map(nameof(Maps.ServiceStates)).AsArray<KernelState>().MapMemory();
    }

    /// <summary>Prefixes of addresses.</summary>
    public NetworkTable Networks { get; }

    public Span<Server> Servers => _servers.Span;

    public Span<KernelState> States => _states.Span;

    /// <summary>The highest server slot that was ever in use.</summary>
    public uint HighestServer => Math.Min(_lists[ServerHighMark], (uint)Servers.Length - 1);

    /// <summary>The devices that this node's pods come in by, as a Service proxy named them; <see cref="InterfacePattern.Any"/>: it named none.</summary>
    public static InterfacePattern PodInterfaceOf(Instance instance)
    {
        var lists = instance.Map(nameof(Maps.ServerLists)).AsArray<uint>();
        Span<uint> name = stackalloc uint[4];
        for (var i = 0; i < name.Length; i++) name[i] = lists[PodInterfaceMark + (uint)i];
        var bytes = MemoryMarshal.AsBytes(name);
        return new(Encoding.UTF8.GetString(bytes[..(bytes.IndexOf((byte)0) is >= 0 and var end ? end : bytes.Length)]));
    }

    /// <summary>Keeps what <see cref="PodInterfaceOf"/> gives.</summary>
    public void SetPodInterface(InterfacePattern pattern)
    {
        Span<uint> name = stackalloc uint[4];
        name.Clear();
        Encoding.UTF8.GetBytes(pattern.Text, MemoryMarshal.AsBytes(name));
        _lists.SetMany(PodInterfaceMark, name);
    }

    public static KernelKey KeyOf(ModelKey key) => key.IsMark
        ? new() { Mark = key.Mark, Scope = key.Family == AddressFamily.IPv6 ? KernelKey.IPv6 : (byte)0 }
        : new() { Address = NetworkOrder.Of(key.Address), PortBe = NetworkOrder.PortBe(key.Port), Protocol = (byte)key.Protocol };

    public static ModelKey KeyOf(KernelKey key) => key.Mark != 0
        ? ModelKey.OfMark(key.Mark, (key.Scope & KernelKey.IPv6) != 0 ? AddressFamily.IPv6 : AddressFamily.IPv4)
        : ModelKey.Of((ServiceProtocol)key.Protocol, NetworkOrder.From(key.Address), NetworkOrder.PortBe(key.PortBe));

    public bool TryGet(ModelKey key, out Service service) => TryGet(KeyOf(key), out service);

    public bool TryGet(KernelKey key, out Service service) => _services.TryGet(key, out service);

    public KeyValuePair<KernelKey, Service>[] All() => _services.ToArray();

    /// <summary>Whether there is no service at all.</summary>
    public unsafe bool IsEmpty()
    {
        KernelKey key;
        return _services.Map.TryNextKey([], new Span<byte>(&key, sizeof(KernelKey))) == Errno.ENOENT;
    }

    /// <summary>Makes a record live: one write.</summary>
    public void Set(KernelKey key, Service service) => _services.Set(key, service);

    public void Remove(KernelKey key) => _services.Remove(key);

    /// <summary>The slots of a service's servers, newest first.</summary>
    public uint[] ServersOf(in Service service)
    {
        var slots = new uint[service.ServerCount];
        for (uint i = 0; i < slots.Length; i++) slots[i] = _lists[service.ServerStart + i];
        return slots;
    }

    /// <summary>The rates of a service or a server, as they are now: what the data path does with the next packet that it counts is done to a copy.</summary>
    public unsafe TrafficRates RatesOf(uint key, uint tick, Traffic counted)
    {
        if (tick == 0 || !_estimates.TryGet(key, out var estimate)) return default;
        var now = Estimates.TickOf((ulong)(Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency)));
        // Counted in a tick that has begun since: nothing is complete that is not in the average.
        if (now > tick) Estimates.Advance(&estimate, &counted, now - tick);
        var average = estimate.Average;
        return new(PerSecond(average.Connections), PerSecond(average.InPackets), PerSecond(average.OutPackets), PerSecond(average.InBytes), PerSecond(average.OutBytes));
    }

    /// <summary>Forgets the rates of a service or a server, whose tick is zeroed by the caller.</summary>
    public void ForgetRates(uint key) => _estimates.Remove(key);

    /// <summary>Writes a run of slots where no live record points; null where there is no room.</summary>
    public uint? WriteRun(ReadOnlySpan<uint> slots)
    {
        if (slots.IsEmpty) return 0;
        if (Reserve(ListNextMark, ListEndMark, (uint)slots.Length, FirstListElement, _lists.Length, UsedRuns) is not { } start) return null;
        _lists.SetMany(start, slots);
        return start;
    }

    /// <summary>
    /// A slot for a new service: that of the same service where it was deleted and connections to its servers are left, which go on once the servers are
    /// added again; otherwise a free one. Null where all are in use.
    /// </summary>
    public uint? TakeServiceSlot(KernelKey key)
    {
        if ((FormerSlotOf(key) ?? Reserve(ServiceNextMark, ServiceEndMark, 1, 1, (uint)States.Length, UsedServiceSlots)) is not { } slot) return null;
        States[(int)slot] = new() { Key = key };
        return slot;
    }

    private uint? FormerSlotOf(in KernelKey key)
    {
        foreach (var slot in Former)
        {
            var server = Servers[(int)slot];
            if (IsReferred(server) && IsSame(States[(int)server.ServiceSlot].Key, key)) return server.ServiceSlot;
        }
        return null;
    }

    /// <summary>Servers that were taken away while connections still referred to them, as of when these tables were opened and by changes since.</summary>
    private List<uint> Former
    {
        get
        {
            if (_former is not null) return _former;
            _former = [];
            var servers = Servers[..(int)(HighestServer + 1)];
            for (var slot = 1; slot < servers.Length; slot++)
            {
                if ((servers[slot].Flags & ServerFlags.Available) == 0 && IsReferred(servers[slot])) _former.Add((uint)slot);
            }
            return _former;
        }
    }

    /// <summary>
    /// A slot for a new server of a service: that of the same server where it was taken away and connections still refer to it, as ip_vs takes it out of its
    /// trash; otherwise a free one. Null where all are in use.
    /// </summary>
    public uint? TakeServerSlot(uint serviceSlot, ServerKey key)
    {
        var servers = Servers;
        var address = NetworkOrder.Of(key.Address);
        var port = NetworkOrder.PortBe(key.Port);
        foreach (var slot in Former)
        {
            ref var server = ref servers[(int)slot];
            if ((server.Flags & ServerFlags.Available) == 0 && IsReferred(server) && server.ServiceSlot == serviceSlot && server.PortBe == port &&
                NetworkOrder.From(server.Address) == NetworkOrder.From(address)) return slot;
        }
        var high = HighestServer;
        while (_free <= high && ((servers[(int)_free].Flags & ServerFlags.Available) != 0 || IsReferred(servers[(int)_free]))) _free++;
        if (_free > high)
        {
            if (high + 1 >= servers.Length) return null;
            _free = high + 1;
            _lists[ServerHighMark] = _free;
        }
        servers[(int)_free] = new() { Address = address, PortBe = port, ServiceSlot = serviceSlot };
        return _free;
    }

    /// <summary>A server is no longer part of its service.</summary>
    public void Retire(uint slot)
    {
        Servers[(int)slot].Flags &= ~ServerFlags.Available;
        _free = Math.Min(_free, slot);
        if (_former is not null && IsReferred(Servers[(int)slot])) _former.Add(slot);
    }

    public void Dispose()
    {
        _servers.Dispose();
        _states.Dispose();
    }

    private static ulong PerSecond(ulong average)
    {
        const int shift = Estimates.TickShift + Estimates.PartShift;
        return (ulong)(((UInt128)average * 1_000_000_000 + (UInt128.One << (shift - 1))) >> shift);
    }

    private static bool IsSame(in KernelKey left, in KernelKey right) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<KernelKey>(in left)).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<KernelKey>(in right)));

    /// <summary>What a server is found by within its service.</summary>
    public static ServerKey KeyOf(in Server server) => new(NetworkOrder.From(server.Address), NetworkOrder.PortBe(server.PortBe));

    public static bool HasConnections(in Server server) => server.Active > 0 || server.Inactive > 0;

    /// <summary>Whether connections, or persistent clients, still name the server.</summary>
    public static bool IsReferred(in Server server) => HasConnections(server) || server.Persistent > 0;

    /// <summary>
    /// Takes elements from the present gap; where that is used up, the largest gap of all is looked for. The mark moves before the elements are used, so a
    /// command that is killed wastes them until the next search and no two records ever share them.
    /// </summary>
    private uint? Reserve(uint nextMark, uint endMark, uint count, uint first, uint length, Func<List<(uint Start, uint Count)>> used)
    {
        var next = _lists[nextMark];
        var end = _lists[endMark];
        if (next == 0) (next, end) = (first, length);
        if (end - next < count)
        {
            (next, end) = LargestGap(used(), first, length);
            if (end - next < count) return null;
        }
        _lists[endMark] = end;
        _lists[nextMark] = next + count;
        return next;
    }

    private static (uint Next, uint End) LargestGap(List<(uint Start, uint Count)> used, uint first, uint length)
    {
        used.Sort();
        var best = (Next: first, End: first);
        var at = first;
        foreach (var (start, count) in used)
        {
            if (start > at && start - at > best.End - best.Next) best = (at, start);
            at = Math.Max(at, start + count);
        }
        return length > at && length - at > best.End - best.Next ? (at, length) : best;
    }

    private List<(uint Start, uint Count)> UsedRuns()
    {
        var used = new List<(uint, uint)>();
        foreach (var (_, service) in All())
        {
            if (service.ServerCount > 0) used.Add((service.ServerStart, service.ServerCount));
            if (service.TableStart != 0) used.Add((service.TableStart, SourceHashTable.Size));
        }
        return used;
    }

    private List<(uint Start, uint Count)> UsedServiceSlots()
    {
        var used = new List<(uint, uint)>();
        foreach (var (_, service) in All()) used.Add((service.Slot, 1));
        // Connections of servers that were taken away still count in their service's slot.
        foreach (ref readonly var server in Servers)
        {
            if (IsReferred(server)) used.Add((server.ServiceSlot, 1));
        }
        return used;
    }
}

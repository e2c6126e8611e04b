using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Rules;
using Weir.DataPath.Services;
using Weir.DataPath.Sockets;

namespace Weir.DataPath;

/// <summary>Every map. The field's name is the map's name; sizes are defaults that the loader may change.</summary>
public static class Maps
{
    /// <summary>Frozen at load.</summary>
    public static readonly Constants<Settings> Settings = new();

    /// <summary>The word that names the live image, see <see cref="ActiveImage"/>.</summary>
    public static readonly ArrayMap<ulong> Active = new(1, MapFlags.Mmapable);

    /// <summary>Rule images; <see cref="Active"/> says which slot is live.</summary>
    public static readonly ArrayOfMaps<ArrayMap<Cell>> Images = new(4, MapFlags.None, 1024, MapFlags.InnerMap | MapFlags.Mmapable);

    /// <summary>Chunks of counters by counter slot; chunk 0 always exists, others are made on demand.</summary>
    public static readonly ArrayOfMaps<PerCpuArrayMap<Counter>> Counters = new(1024, MapFlags.None, Counter.ChunkSize, MapFlags.None);

    /// <summary>State of matches by state slot.</summary>
    public static readonly ArrayMap<RuleState> RuleStates = new(65536);

    /// <summary>By ifindex.</summary>
    public static readonly HashMap<uint, Device> Devices = new(4096, MapFlags.NoPrealloc);

    /// <summary>
    /// Addresses of the namespace's local routing table (IPv4, network byte order) that stand alone (/32), kept by the control side while rules ask
    /// for address types: routing type (RTN_…: 2 local, 3 broadcast, 4 anycast) | ifindex &lt;&lt; 8.
    /// </summary>
    public static readonly HashMap<uint, uint> AddressTypes = new(65536, MapFlags.NoPrealloc);

    public static readonly ArrayMap<TimeoutSettings> Timeouts = new(1, MapFlags.Mmapable);

    /// <summary>By the tuple of the flow's first packet.</summary>
    public static readonly HashMap<FlowTuple, Flow> Flows = new(262144, MapFlags.NoPrealloc);

    /// <summary>Reply tuple to original tuple.</summary>
    public static readonly HashMap<FlowTuple, FlowTuple> Replies = new(262144, MapFlags.NoPrealloc);

    /// <summary>The newest unreplied flows, in a ring: each new one takes the next slot and puts out what it finds there if that is still embryonic.</summary>
    public static readonly ArrayMap<FlowTuple> Embryonic = new(65536);

    /// <summary>The ring's next slot.</summary>
    public static readonly ArrayMap<ulong> EmbryonicNext = new(1);

    public static readonly LruHashMap<FragmentKey, FragmentPorts> Fragments = new(16384);

    /// <summary>Flows counted.</summary>
    public static readonly HashMap<ConnLimitKey, int> ConnLimits = new(65536, MapFlags.NoPrealloc);

    /// <summary>Limits of the ICMP errors that REJECT sends, kept by the control side.</summary>
    public static readonly ArrayMap<AnswerLimits> AnswerLimits = new(1, MapFlags.Mmapable);

    /// <summary>By destination: when its credit for ICMP errors was last used up, nanoseconds.</summary>
    public static readonly LruHashMap<uint, ulong> AnswerCredits = new(16384);

    /// <summary>The link headers of the packets that came in last, by a hash of the packet: what LOG in FORWARD shows, where the packet has another one.</summary>
    public static readonly ArrayMap<LinkHeader> LinkHeaders = new(LinkHeader.Count);

    /// <summary>256 KiB of <see cref="LogEvent"/>.</summary>
    public static readonly RingBuffer LogEvents = new(262144);

    /// <summary>Room that the stack has not. TC programs do not interrupt each other on a processor, so one is enough for each.</summary>
    public static readonly PerCpuArrayMap<Scratch> Scratches = new(1);

    public static readonly PerCpuArrayMap<Stats> Stats = new(1);

    /// <summary>By the low bits of a device's number: what <see cref="Passage"/> last saw there.</summary>
    public static readonly ArrayMap<ulong> Passages = new(Passage.Slots);

    /// <summary>By the last bits of a source: what <see cref="Passage"/> last asked routing.</summary>
    public static readonly PerCpuArrayMap<WayBack> WaysBack = new(Passage.Slots);

    /// <summary>Virtual services.</summary>
    public static readonly HashMap<ServiceKey, Service> Services = new(65536, MapFlags.NoPrealloc);

    /// <summary>Prefixes of addresses that mean something to services: <see cref="NetworkUse"/>.</summary>
    public static readonly LpmTrieMap<NetworkKey, uint> Networks = new(262144);

    /// <summary>By service slot; 0 is none.</summary>
    public static readonly ArrayMap<ServiceState> ServiceStates = new(65536, MapFlags.Mmapable);

    /// <summary>Runs of server slots.</summary>
    public static readonly ArrayMap<uint> ServerLists = new(1048576);

    /// <summary>By server slot; 0 is none.</summary>
    public static readonly ArrayMap<Server> Servers = new(131072, MapFlags.Mmapable);

    /// <summary>Rates of what has been counted in at all, by <see cref="Services.Estimates.KeyOfServer"/> and <see cref="Services.Estimates.KeyOfService"/>.</summary>
    public static readonly HashMap<uint, Estimate> Estimates = new(196608, MapFlags.NoPrealloc);

    /// <summary>Persistence.</summary>
    public static readonly HashMap<TemplateKey, Template> Templates = new(65536, MapFlags.NoPrealloc);

    /// <summary>What the peers of translated sockets stand for.</summary>
    public static readonly LruHashMap<SocketKey, SocketService> SocketServices = new(65536);
}

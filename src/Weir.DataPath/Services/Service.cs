using System.Runtime.InteropServices;

namespace Weir.DataPath.Services;

/// <summary>A virtual service: value of <see cref="Maps.Services"/>, replaced as a whole.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Service
{
    /// <summary>Index into <see cref="Maps.ServiceStates"/>; at least 1.</summary>
    public uint Slot;
    public Scheduler Scheduler;

    /// <summary>
    /// 1: clients on this host are translated at connect(): every server is reached by NAT, and the choice does not need the client's address (no
    /// persistence, not sh).
    /// </summary>
    public byte Sockets;
    public ServiceFlags Flags;

    /// <summary>Seconds; 0: not persistent.</summary>
    public uint PersistenceTimeout;

    /// <summary>Which clients are one to persistence: IPv4 a mask, IPv6 the length of a prefix as a 32-bit number.</summary>
    public uint PersistenceMaskBe;

    /// <summary>The run of server slots in <see cref="Maps.ServerLists"/>, in the kernel's order (newest first).</summary>
    public uint ServerStart;
    public uint ServerCount;

    /// <summary>sh, dh: 256 server slots in <see cref="Maps.ServerLists"/> (0: none).</summary>
    public uint TableStart;

    /// <summary>wrr: the weight that a turn starts from (Weir.Control's WeightedRoundRobinMark.MaxWeight); 0: no server takes connections.</summary>
    public int MaxWeight;

    /// <summary>wrr: how far the current weight falls from round to round; at least 1.</summary>
    public int WeightStep;

    /// <summary>Always 0, which the verifier does not know, see <see cref="Flows.FlowTuple.Zero0"/>.</summary>
    public uint Zero;
    public ServicePolicy Policy;
    public SourceTranslation Masquerade;

    /// <summary>What becomes of clients where no server takes connections.</summary>
    public NoServerAction NoServer;

    /// <summary>The realm of <see cref="Maps.Networks"/> that clients must be in; 0: all may come.</summary>
    public uint Sources;
}

/// <summary>Schedulers that the data path knows.</summary>
public enum Scheduler : byte
{
    RoundRobin = 1,
    WeightedRoundRobin = 2,
    LeastConnection = 3,
    WeightedLeastConnection = 4,
    SourceHashing = 5,
    DestinationHashing = 6,
}

/// <summary>Flags of a service (IP_VS_SVC_F_…), same bits.</summary>
[Flags]
public enum ServiceFlags : ushort
{
    None = 0,
    Persistent = 1 << 0,
    Hashed = 1 << 1,
    OnePacket = 1 << 2,
    Scheduler1 = 1 << 3,
    Scheduler2 = 1 << 4,
    Scheduler3 = 1 << 5,
}

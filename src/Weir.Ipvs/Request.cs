using Weir.Model;

namespace Weir.Ipvs;

/// <summary>A command line in the process of being read: a command and everything that was said about it.</summary>
internal sealed class Request
{
    public const string DefaultScheduler = "wlc";

    public Command Command { get; set; }

    public OptionSet Options { get; set; }

    /// <summary>The service's family; null until an address or a mark was read.</summary>
    public AddressFamily? Family { get; set; }

    /// <summary>The service's protocol; null until an address or a mark was read.</summary>
    public ServiceProtocol? Protocol { get; set; }

    public Address Address { get; set; }

    public ushort Port { get; set; }

    public uint Mark { get; set; }

    public string Scheduler { get; set; } = "";

    public ServiceFlags Flags { get; set; }

    public uint PersistenceTimeout { get; set; }

    public uint PersistenceMask { get; set; } = VirtualService.HostMaskIPv4;

    public string PersistenceEngine { get; set; } = "";

    public AddressFamily? ServerFamily { get; set; }

    public Address ServerAddress { get; set; }

    public ushort ServerPort { get; set; }

    public ForwardingMethod Forwarding { get; set; } = ForwardingMethod.Route;

    public int Weight { get; set; } = 1;

    public uint UpperThreshold { get; set; }

    public uint LowerThreshold { get; set; }

    public TunnelType TunnelType { get; set; }

    public ushort TunnelPort { get; set; }

    public TunnelChecksum TunnelChecksum { get; set; }

    public SyncRole SyncRole { get; set; }

    public string MulticastInterface { get; set; } = "eth0";

    public byte SyncId { get; set; }

    public ushort SyncMaximumLength { get; set; }

    public Address? MulticastGroup { get; set; }

    public ushort MulticastPort { get; set; }

    public byte MulticastTtl { get; set; }

    public ServiceTimeouts Timeouts { get; set; }

    public ServiceKey Key => Mark != 0
        ? ServiceKey.OfMark(Mark, Family ?? AddressFamily.IPv4)
        : new(Family ?? AddressFamily.IPv4, Protocol ?? ServiceProtocol.Tcp, Address, Port, 0);

    public VirtualService Service => new()
    {
        Key = Key,
        Scheduler = Scheduler.Length == 0 ? DefaultScheduler : Scheduler,
        Flags = Flags,
        PersistenceTimeout = PersistenceTimeout,
        PersistenceMask = PersistenceMask,
        PersistenceEngine = PersistenceEngine,
    };

    public ServerKey ServerKey => new(ServerAddress, ServerPort);

    public RealServer Server => new()
    {
        Key = ServerKey,
        Forwarding = Forwarding,
        Weight = Weight,
        UpperThreshold = UpperThreshold,
        LowerThreshold = LowerThreshold,
        Tunnel = Forwarding == ForwardingMethod.Tunnel ? new(TunnelType, TunnelPort, TunnelChecksum) : default,
    };

    public SyncDaemon Daemon => new()
    {
        Role = SyncRole,
        Interface = MulticastInterface,
        SyncId = SyncId,
        MaximumLength = SyncMaximumLength,
        Group = MulticastGroup,
        Port = MulticastPort,
        TimeToLive = MulticastTtl,
    };
}

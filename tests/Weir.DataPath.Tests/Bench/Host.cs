using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;

namespace Weir.DataPath.Tests.Bench;

/// <summary>
/// A host that runs the data path managed: devices 1 lo, 2 eth0 (192.0.2.1), 3 eth1 (10.0.0.1); 192.0.2.1, 10.0.0.1 and 127/8 are its own, 10.0.0.0/24
/// is on eth1, the rest on eth0. Likewise fd01::1, fd02::1 and ::1, and fd02::/64.
/// </summary>
internal sealed unsafe class Host
{
    private readonly uint[] _controlBlock = new uint[5];
    private uint _ingressDevice;

    public const uint Lo = 1, Eth0 = 2, Eth1 = 3;
    public const int Pass = TcAction.Next, Drop = TcAction.Shot;

    public Host(TestImage image)
    {
        foreach (var field in typeof(Maps).GetFields()) ((Map)field.GetValue(null)!).Clear();
        Kernel = new ManagedKernel { Routes = Route };
        ManagedKernel.Current = Kernel;
        Maps.Settings.Value->LoopbackIfIndex = Lo;
        Maps.Settings.Value->EmbryonicMask = 15;
        Maps.Settings.Value->Flags = SettingsFlags.TcpLoose | SettingsFlags.VerifyChecksums | SettingsFlags.FibSkipNeighbour;
        WriteTimeouts(Maps.Timeouts.At(0));
        Device(Lo, "lo", "127.0.0.1");
        Device(Eth0, "eth0", "192.0.2.1");
        Device(Eth1, "eth1", "10.0.0.1");
        Maps.Counters.Set(0, new PerCpuArrayMap<Counter>(Weir.DataPath.Counter.ChunkSize));
        Load(image);
    }

    public ManagedKernel Kernel { get; }

    public TestImage Image { get; private set; } = null!;

    /// <summary>The frame as the last program left it.</summary>
    public byte[] Frame { get; private set; } = [];

    /// <summary>tc_index and mark as the last program left them.</summary>
    public uint TcIndex { get; set; }

    public uint Mark { get; set; }

    public static void WriteTimeouts(TimeoutSettings* settings)
    {
        uint[] tcp = [0, 120, 60, 432000, 120, 60, 30, 120, 10, 120];
        for (var i = 0; i < tcp.Length; i++) settings->Tcp[i] = tcp[i];
        settings->TcpUnacknowledged = 300;
        settings->TcpRetransmitted = 300;
        settings->Udp = 30;
        settings->UdpStream = 120;
        settings->Icmp = 30;
        settings->Generic = 600;
        settings->IpvsTcp = 900;
        settings->IpvsTcpFin = 120;
        settings->IpvsUdp = 300;
    }

    public void Load(TestImage image)
    {
        Image = image;
        var (cells, active) = image.Build();
        var map = new ArrayMap<Cell>((uint)cells.Length);
        for (uint i = 0; i < cells.Length; i++) *map.At(i) = cells[i];
        Maps.Images.Set(0, map);
        *Maps.Active.At(0) = active;
    }

    /// <summary>A frame comes in by a device.</summary>
    public int In(byte[] frame, uint device = Eth0) => Run(frame, device, 0, true, device == Lo ? TcIndex : 0);

    /// <summary>A frame that a process of this host sends.</summary>
    public int Out(byte[] frame, uint device = Eth0) => Run(frame, device, 0, false, 0);

    /// <summary>A frame that came in and was passed goes out again (what the last program left of it).</summary>
    public int Onward(uint from, uint to) => Run(Frame, to, from, false, TcIndex);

    /// <summary>What the last program redirected leaves by the device that it named.</summary>
    public int Follow()
    {
        var (device, flags) = Kernel.Redirected ?? throw new InvalidOperationException("nothing was redirected");
        Kernel.Redirected = null;
        return Run(Frame, device, _ingressDevice, (flags & 1) != 0, TcIndex);
    }

    /// <summary>In by one device and, where passed or sent on at once, out by another.</summary>
    public int Through(byte[] frame, uint from = Eth0, uint to = Eth1)
    {
        var action = In(frame, from);
        if (action == TcAction.Redirect && Kernel.Redirected == (to, 0)) return Follow();
        return action == Pass ? Onward(from, to) : action;
    }

    public (ulong Packets, ulong Bytes) Counted(uint slot)
    {
        var counter = Maps.Counters.At(slot >> Counter.ChunkShift)!.At(slot & (Counter.ChunkSize - 1));
        return (counter->Packets, counter->Bytes);
    }

    public ulong Packets(TestRule rule) => Counted(rule.CounterSlot).Packets;

    public ulong PolicyPackets(BuiltInChain chain) => Counted(Image.PolicyCounters[chain]).Packets;

    /// <summary>Lets time pass and flows' timers go off.</summary>
    public void Wait(double seconds)
    {
        Kernel.Now += (ulong)(seconds * 1e9);
        var due = Kernel.TakeDueTimers();
        foreach (var (key, _) in Maps.Flows.Entries())
        {
            var copy = key;
            var flow = Maps.Flows.Lookup(&copy);
            if (due.Any(timer => timer.Timer == (nint)flow)) FlowTable.Expire(Maps.Flows, &copy, flow);
        }
    }

    private static void Device(uint index, string name, string address)
    {
        Device device = default;
        var bytes = TestImage.Name(name);
        for (var i = 0; i < 16; i++) device.Name[i] = bytes[i];
        device.AddressBe = TestImage.AddressBe(address);
        Maps.Devices.Update(&index, &device, UpdateMode.Any);
    }

    /// <summary>An address as keys hold it.</summary>
    public static IpAddress Address(string text) =>
        System.Runtime.InteropServices.MemoryMarshal.Read<IpAddress>(System.Net.IPAddress.Parse(text).MapToIPv6().GetAddressBytes());

    private static FibLookupResult Route(FibLookup* parameters, FibLookupFlags flags)
    {
        if (parameters->Family == Routing.FamilyIPv6) return RouteIPv6(parameters);
        var destination = Bits.Swap(parameters->DestinationBe);
        if (destination is 0xc0000201 or 0x0a000001 or >= 0xe0000000 || destination >> 24 == 127) return FibLookupResult.NotForwarded;
        parameters->IfIndex = destination >> 8 == 0x0a0000 ? Eth1 : Eth0;
        return FibLookupResult.Success;
    }

    private static FibLookupResult RouteIPv6(FibLookup* parameters)
    {
        var address = new System.Net.IPAddress(new ReadOnlySpan<byte>(parameters->DestinationWordsBe, 16)).ToString();
        if (address is "fd01::1" or "fd02::1" or "::1") return FibLookupResult.NotForwarded;
        parameters->IfIndex = address.StartsWith("fd02::", StringComparison.Ordinal) ? Eth1 : Eth0;
        return FibLookupResult.Success;
    }

    private int Run(byte[] frame, uint device, uint ingressDevice, bool ingress, uint tcIndex)
    {
        _ingressDevice = ingress ? device : ingressDevice;
        using var packet = new ManagedPacket(frame);
        packet.Context->ProtocolBe = BitConverter.ToUInt16(frame, 12);
        packet.Context->IfIndex = device;
        packet.Context->IngressIfIndex = _ingressDevice;
        for (var i = 0; i < _controlBlock.Length; i++) packet.Context->ControlBlock[i] = _controlBlock[i];
        packet.Context->TcIndex = tcIndex;
        packet.Context->Mark = Mark;
        var action = ingress ? Programs.Ingress(packet.Context) : Programs.Egress(packet.Context);
        Frame = packet.Bytes.ToArray();
        TcIndex = packet.Context->TcIndex;
        for (var i = 0; i < _controlBlock.Length; i++) _controlBlock[i] = packet.Context->ControlBlock[i];
        Mark = packet.Context->Mark;
        return action;
    }
}

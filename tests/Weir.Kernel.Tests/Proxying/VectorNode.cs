using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Weir.Control.Instances;
using Weir.Control.Services;
using Weir.Kernel.Tests.Networks;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Nodes;
using Weir.Kubernetes.Tests.Vectors;
using Weir.Model;
using Address = Weir.Model.Address;

namespace Weir.Kernel.Tests.Proxying;

/// <summary>
/// The node of Kubernetes' flow tests in this kernel: its addresses are on a device without a link header, by which everything else is reached and by which packets
/// come in. The proxy is the real one: its store, its programs, its kube-ipvs0.
/// </summary>
public sealed class VectorNode : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2), Silence = TimeSpan.FromMilliseconds(300);

    private readonly NetworkNamespace _space = new("vec");
    private readonly TunDevice _device;
    private uint _next = 20_000;

    public VectorNode()
    {
        _device = _space.Inside(() => new TunDevice("tun0"));
        foreach (var address in new[] { "192.168.0.2/32", "192.168.1.2/32", "192.168.99.11/32", "2001:db8::1/128", "2001:db8:1::2/128" })
            _space.Run($"ip address add {address} dev tun0 nodad");
        _space.Run("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.tun0.rp_filter=0 "
            + "net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.tun0.send_redirects=0 net.ipv6.conf.all.forwarding=1");
        _space.Run("ip link set tun0 up");
        _space.Run("ip route add default dev tun0 src 192.168.0.2");
        _space.Run("ip -6 route add default dev tun0 src 2001:db8::1");
    }

    public void Dispose()
    {
        _space.Inside(() =>
        {
            var folder = StateFolder.Current();
            return Instance.Remove(folder, folder.TakeLock(null)!);
        });
        _device.Dispose();
        _space.Dispose();
    }

    /// <summary>A proxy takes over from that of the group before; then each packet is sent until all its endpoints could have been met.</summary>
    internal IReadOnlyList<(Flow Flow, FlowVerdict Verdict)> Run(FlowGroup group) => _space.Inside(() =>
    {
        using var network = new NodeNetwork(NullLogger<NodeNetwork>.Instance);
        network.Prepare(group.Options.IsArpStrict);
        var proxy = new ServiceProxy(group.Options, new ProxyStore(StateFolder.Current()), network, NullLogger<ServiceProxy>.Instance);
        SyncReport? report = null;
        proxy.Synchronized += done => report = done;
        proxy.Set(group.Node);
        proxy.Replace(group.ServiceCidrs);
        proxy.Replace(group.Services);
        proxy.Replace(group.Slices);
        proxy.Step();
        Assert.True(report is { IsFailed: false, Failed: 0 });
        network.Addresses();
        var own = group.Local.ToHashSet();
        own.UnionWith(_space.Run("ip -o address show").Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(static word => word.Contains('/')).Select(static word => word.Split('/')[0])
            .Where(static word => Address.TryParse(word, out _)).Select(Address.Parse));
        return (IReadOnlyList<(Flow, FlowVerdict)>)[.. group.Flows.Select(flow => (flow, Meet(flow with { Expected = FlowVectorTests.Expected(group, flow) }, own)))];
    });

    /// <summary>The verdict that packets of a flow meet.</summary>
    private FlowVerdict Meet(Flow flow, HashSet<Address> own)
    {
        var verdicts = new HashSet<string>();
        var endpoints = new HashSet<string>();
        bool? isMasqueraded = null;
        // Round robin begins anywhere.
        var count = Math.Max(1, 2 * flow.Expected.Endpoints.Split(", ", StringSplitOptions.RemoveEmptyEntries).Length);
        var silence = flow.Expected.Verdict == "DROP" ? Silence : Patience;
        for (var i = 0; i < count; i++)
        {
            var (verdict, packet) = Send(flow, own.Contains(flow.Source), silence);
            verdicts.Add(verdict);
            if (packet is null) continue;
            endpoints.Add(packet.Destination.IsIPv4 ? $"{packet.Destination}:{packet.Port}" : $"[{packet.Destination}]:{packet.Port}");
            // A packet of the node has an address of the node in any case.
            var masqueraded = own.Contains(flow.Source) ? flow.Expected.IsMasqueraded : packet.Source != flow.Source;
            Assert.True(!masqueraded || own.Contains(packet.Source), $"{flow.Name}: from {packet.Source}");
            Assert.True(isMasqueraded is null || isMasqueraded == masqueraded, $"{flow.Name}: masqueraded and not");
            isMasqueraded = masqueraded;
        }
        return new FlowVerdict(string.Join(' ', verdicts), string.Join(", ", endpoints.Order(StringComparer.Ordinal)), isMasqueraded ?? false);
    }

    private (string Verdict, PlainPacket? Endpoint) Send(Flow flow, bool isOwn, TimeSpan silence)
    {
        // Never a port again: the flow of a group before would still be known, and its server gone.
        var mark = ++_next;
        var port = (ushort)(mark % 40_000 + 20_000);
        while (_device.TryReceive() is not null)
        {
        }
        using var socket = isOwn ? Connect(flow, port) : null;
        if (!isOwn) _device.Send(PlainPacket.Build(flow.Source, flow.Destination, flow.Protocol, port, flow.Port, mark));
        return Wait(flow, isOwn ? null : mark, socket, silence);
    }

    private (string Verdict, PlainPacket? Endpoint) Wait(Flow flow, uint? mark, Socket? socket, TimeSpan silence)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < silence)
        {
            if (_device.TryReceive() is { } bytes)
            {
                if (PlainPacket.Read(bytes) is not { } packet || (mark is not null && packet.Mark != mark)) continue;
                switch (packet.Kind)
                {
                    case PlainPacketKind.Unreachable: return ("REJECT", null);
                    case PlainPacketKind.Reset: return ("NONE", null);
                    case PlainPacketKind.First when packet.Destination == flow.Destination && packet.Port == flow.Port: return ("NONE", null);
                    case PlainPacketKind.First: return ("DNAT", packet);
                }
            }
            if (socket is not null && socket.Poll(0, SelectMode.SelectError))
            {
                // Nobody listens on the node itself, so that a refusal without the proxy looks the same.
                return ((int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! == 0 ? "DROP" : flow.Expected.Verdict == "NONE" ? "NONE" : "REJECT", null);
            }
            Thread.Sleep(0);
        }
        return ("DROP", null);
    }

    private static Socket Connect(Flow flow, ushort port)
    {
        var socket = new Socket(flow.Source.IsIPv4 ? System.Net.Sockets.AddressFamily.InterNetwork : System.Net.Sockets.AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        socket.Bind(new IPEndPoint(IPAddress.Parse(flow.Source.ToString()), port));
        try
        {
            socket.Connect(new IPEndPoint(IPAddress.Parse(flow.Destination.ToString()), flow.Port));
        }
        catch (SocketException problem) when (problem.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress or SocketError.ConnectionRefused)
        {
        }
        return socket;
    }
}

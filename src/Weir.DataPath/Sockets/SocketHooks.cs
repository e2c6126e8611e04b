using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Services;

namespace Weir.DataPath.Sockets;

/// <summary>
/// Clients on this host are translated when their socket is connected (datagrams when they are sent), in the network namespace of the services alone. No
/// packet is rewritten then. Services whose choice needs what a socket does not know yet are left to <see cref="VirtualServices.LocalOut"/>. An IPv6 socket
/// that speaks IPv4 names its peers by mapped addresses, which is how keys hold IPv4 addresses anyway.
/// </summary>
public static unsafe class SocketHooks
{
    private const int Refuse = 0;
    private const int Allow = 1;
    private const int ConnectionRefused = -111;

    /// <summary>connect().</summary>
    [Program("cgroup/connect4")]
    public static int Connect(SockAddress* context) => ToServer(context, false, false);

    /// <summary>sendto() and the like of a UDP socket that is not connected.</summary>
    [Program("cgroup/sendmsg4")]
    public static int Send(SockAddress* context) => ToServer(context, true, false);

    /// <summary>recvfrom() and the like: who sent a datagram.</summary>
    [Program("cgroup/recvmsg4")]
    public static int Receive(SockAddress* context) => ToVirtual(context, false);

    /// <summary>getpeername().</summary>
    [Program("cgroup/getpeername4")]
    public static int GetPeerName(SockAddress* context) => ToVirtual(context, false);

    /// <summary>connect() of an IPv6 socket.</summary>
    [Program("cgroup/connect6")]
    public static int ConnectIPv6(SockAddress* context) => ToServer(context, false, true);

    /// <summary>sendto() and the like of an IPv6 UDP socket that is not connected.</summary>
    [Program("cgroup/sendmsg6")]
    public static int SendIPv6(SockAddress* context) => ToServer(context, true, true);

    /// <summary>recvfrom() and the like of an IPv6 socket.</summary>
    [Program("cgroup/recvmsg6")]
    public static int ReceiveIPv6(SockAddress* context) => ToVirtual(context, true);

    /// <summary>getpeername() of an IPv6 socket.</summary>
    [Program("cgroup/getpeername6")]
    public static int GetPeerNameIPv6(SockAddress* context) => ToVirtual(context, true);

    private static int ToServer(SockAddress* context, bool isDatagram, bool isIPv6)
    {
        var settings = Maps.Settings.Value;
        if (Helpers.GetNetnsCookie(context) != settings->NetnsCookie) return Allow;
        if (context->Protocol is not (Parse.Tcp or Parse.Udp)) return Allow;
        FlowTuple tuple = default;
        ReadPeer(context, isIPv6, &tuple.Destination);
        tuple.DestinationPortBe = (ushort)context->UserPortBe;
        tuple.Protocol = (byte)context->Protocol;
        ServiceKey key;
        var service = ServiceLookup.Find(0, &tuple.Destination, tuple.DestinationPortBe, tuple.Protocol, &key);
        if (service == null) return Allow;
        if ((service->Policy & ServicePolicy.HasNear) != 0)
        {
            key.Scope |= ServiceKey.Near;
            service = Maps.Services.Lookup(&key);
            if (service == null) return Allow;
        }
        if (service->Sockets == 0) return Allow;
        // A connected socket would stay with its server when that is taken away: its datagrams are translated on their way instead.
        if (!isDatagram && context->Protocol == Parse.Udp && (service->Policy & ServicePolicy.Proxied) != 0) return Allow;
        var now = Helpers.KtimeGetNs();
        SocketKey name = default;
        name.Cookie = Helpers.GetSocketCookie(context);
        name.Address = tuple.Destination;
        name.PortBe = tuple.DestinationPortBe;
        name.Side = SocketKey.VirtualSide;
        if (isDatagram)
        {
            var known = Maps.SocketServices.Lookup(&name);
            if (known != null && IsStillGood(known, service, now))
            {
                known->Seen = now;
                WritePeer(context, isIPv6, &known->Server, known->ServerPortBe);
                return Allow;
            }
        }
        var slot = (uint)Schedulers.Pick(service, &tuple);
        var server = Maps.Servers.At(slot);
        if (slot == 0 || server == null)
        {
            // Dropped on its way.
            if (service->NoServer == NoServerAction.Drop) return Allow;
            Helpers.SetRetval(ConnectionRefused);
            return Refuse;
        }
        SocketService value = default;
        value.Virtual = tuple.Destination;
        value.VirtualPortBe = tuple.DestinationPortBe;
        value.Server = server->Address;
        value.ServerPortBe = server->PortBe != 0 ? server->PortBe : tuple.DestinationPortBe;
        value.ServiceSlot = service->Slot;
        value.ServerSlot = slot;
        value.Seen = now;
        if (isDatagram) Maps.SocketServices.Update(&name, &value, UpdateMode.Any);
        name.Address = value.Server;
        name.PortBe = value.ServerPortBe;
        name.Side = 0;
        Maps.SocketServices.Update(&name, &value, UpdateMode.Any);
        WritePeer(context, isIPv6, &value.Server, value.ServerPortBe);
        return Allow;
    }

    /// <summary>A socket's datagrams stay with a server as long as their flow would.</summary>
    private static bool IsStillGood(SocketService* known, Service* service, ulong now)
    {
        var timeouts = Timeouts.Settings();
        var server = Maps.Servers.At(known->ServerSlot);
        return timeouts != null && server != null && known->ServiceSlot == service->Slot && (server->Flags & ServerFlags.Available) != 0 &&
            now - known->Seen < timeouts->IpvsUdp * Timeouts.Second;
    }

    private static int ToVirtual(SockAddress* context, bool isIPv6)
    {
        var settings = Maps.Settings.Value;
        if (Helpers.GetNetnsCookie(context) != settings->NetnsCookie) return Allow;
        SocketKey name = default;
        name.Cookie = Helpers.GetSocketCookie(context);
        ReadPeer(context, isIPv6, &name.Address);
        name.PortBe = (ushort)context->UserPortBe;
        var socket = Maps.SocketServices.Lookup(&name);
        if (socket == null) return Allow;
        WritePeer(context, isIPv6, &socket->Virtual, socket->VirtualPortBe);
        return Allow;
    }

    private static void ReadPeer(SockAddress* context, bool isIPv6, IpAddress* address)
    {
        if (isIPv6)
        {
            address->Word0Be = context->UserIp6Word0Be;
            address->Word1Be = context->UserIp6Word1Be;
            address->Word2Be = context->UserIp6Word2Be;
            address->Word3Be = context->UserIp6Word3Be;
            return;
        }
        address->Word2Be = IpAddress.MappedBe;
        address->Word3Be = context->UserIp4Be;
    }

    private static void WritePeer(SockAddress* context, bool isIPv6, IpAddress* address, ushort portBe)
    {
        if (isIPv6)
        {
            context->UserIp6Word0Be = address->Word0Be;
            context->UserIp6Word1Be = address->Word1Be;
            context->UserIp6Word2Be = address->Word2Be;
            context->UserIp6Word3Be = address->Word3Be;
        }
        else
        {
            context->UserIp4Be = address->Word3Be;
        }
        context->UserPortBe = portBe;
    }
}

using Weir.DataPath.Flows;

namespace Weir.DataPath.Services;

/// <summary>Which service a connection is for, in ip_vs's order: by mark, by address and port, by address alone (persistent services of every port).</summary>
internal static unsafe class ServiceLookup
{
    /// <summary>Finds the service and leaves its key; null where there is none.</summary>
    public static Service* Find(uint mark, IpAddress* address, ushort portBe, byte protocol, ServiceKey* key)
    {
        key->Address = default;
        key->PortBe = 0;
        key->Protocol = 0;
        key->Scope = 0;
        key->Mark = mark;
        if (mark != 0)
        {
            if (!IpAddress.IsIPv4(address)) key->Scope = ServiceKey.IPv6;
            var marked = Maps.Services.Lookup(key);
            if (marked != null) return marked;
            key->Mark = 0;
            key->Scope = 0;
        }
        key->Address = *address;
        key->PortBe = portBe;
        key->Protocol = protocol;
        var exact = Maps.Services.Lookup(key);
        if (exact != null) return exact;
        key->PortBe = 0;
        return Maps.Services.Lookup(key);
    }

    /// <summary>Whether a flow's first packet can begin a connection of a service: a SYN, a datagram, or an INIT.</summary>
    public static bool CanBegin(Packet* packet) => packet->Protocol switch
    {
        Parse.Udp => true,
        Parse.Tcp => (packet->TcpFlags & (TcpStates.Syn | TcpStates.Rst)) == TcpStates.Syn,
        Parse.Sctp => packet->TcpFlags == SctpStates.Init,
        _ => false,
    };
}

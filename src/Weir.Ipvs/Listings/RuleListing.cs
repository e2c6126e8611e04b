using Weir.Model;

namespace Weir.Ipvs;

/// <summary>Writes services and servers as commands that make them, for <c>ipvsadm -S</c>. As in ipvsadm, thresholds are lost.</summary>
internal sealed class RuleListing(TextWriter output, EndpointNames names)
{
    /// <summary>Writes services with their servers.</summary>
    public void Write(IReadOnlyList<ServiceState> services)
    {
        foreach (var service in ServiceOrder.Sort(services)) Write(service);
    }

    private void Write(ServiceState state)
    {
        var service = state.Service;
        var name = NameOf(service.Key);
        output.Write($"-A {name} {Properties(service)}\n");
        ServiceProtocol? protocol = service.Key.IsMark ? null : service.Key.Protocol;
        foreach (var server in ServiceOrder.Sort(state.Servers).Select(server => server.Server))
        {
            var endpoint = names.Text(server.Key.Address.Family, server.Key, protocol);
            output.Write($"-a {name} -r {endpoint} {LetterOf(server.Forwarding)} -w {server.Weight}{TunnelText(server)}\n");
        }
    }

    private string NameOf(ServiceKey key)
    {
        if (key.IsMark) return $"-f {unchecked((int)key.Mark)}{(key.Family == AddressFamily.IPv6 ? " -6" : "")}";
        var option = key.Protocol switch
        {
            ServiceProtocol.Tcp => "-t",
            ServiceProtocol.Udp => "-u",
            _ => "--sctp-service",
        };
        return $"{option} {names.Text(key.Family, new(key.Address, key.Port), key.Protocol)}";
    }

    private static string Properties(VirtualService service)
    {
        var text = $"-s {service.Scheduler}";
        if (service.IsPersistent)
        {
            text += $" -p {service.PersistenceTimeout}";
            if (ServiceListing.MaskText(service) is { } mask) text += $" -M {mask}";
        }
        if (service.PersistenceEngine.Length > 0) text += $" --pe {service.PersistenceEngine}";
        if ((service.Flags & ServiceFlags.OnePacket) != 0) text += " -o";
        if ((service.Flags & SchedulerFlag.Mask) != 0) text += $" -b {SchedulerFlag.Text(service.Scheduler, service.Flags)}";
        return text;
    }

    private static string LetterOf(ForwardingMethod forwarding) => forwarding switch
    {
        ForwardingMethod.Masquerade => "-m",
        ForwardingMethod.Tunnel => "-i",
        _ => "-g",
    };

    private static string TunnelText(RealServer server)
    {
        if (server.Forwarding != ForwardingMethod.Tunnel) return "";
        var checksum = server.Tunnel.Checksum switch
        {
            TunnelChecksum.Checksum => "--tun-csum",
            TunnelChecksum.RemoteChecksum => "--tun-remcsum",
            _ => "--tun-nocsum",
        };
        return server.Tunnel.Type switch
        {
            TunnelType.Gue => $" --tun-type gue --tun-port {server.Tunnel.Port} {checksum}",
            TunnelType.Gre => $" --tun-type gre {checksum}",
            _ => " --tun-type ipip",
        };
    }
}

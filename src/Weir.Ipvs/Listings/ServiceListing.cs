using Weir.Model;

namespace Weir.Ipvs;

/// <summary>Writes services and servers in the columns of <c>ipvsadm -L</c>.</summary>
internal sealed class ServiceListing(TextWriter output, EndpointNames names, ListFormat format, bool exact, bool sort)
{
    private const int ServerWidth = 28;

    /// <summary>Writes the titles.</summary>
    public void WriteTitles()
    {
        output.Write(format switch
        {
            ListFormat.Stats => "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n  -> RemoteAddress:Port\n",
            ListFormat.Rate => "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n  -> RemoteAddress:Port\n",
            ListFormat.Thresholds =>
                "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n  -> RemoteAddress:Port\n",
            ListFormat.PersistentConnections =>
                "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n  -> RemoteAddress:Port\n",
            ListFormat.TunnelInfo =>
                "Prot LocalAddress:Port Scheduler Flags\n" +
                "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n",
            _ => "Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
        });
    }

    /// <summary>Writes services with their servers.</summary>
    public void Write(IReadOnlyList<ServiceState> services)
    {
        foreach (var service in sort ? ServiceOrder.Sort(services) : services) Write(service);
    }

    /// <summary>Writes a service with its servers.</summary>
    public void Write(ServiceState state)
    {
        var service = state.Service;
        output.Write(format switch
        {
            ListFormat.Stats => $"{NameOf(service.Key),-33}{Counters(state.Counters)}",
            ListFormat.Rate => $"{NameOf(service.Key),-33}{Rates(state.Rates)}",
            _ => $"{NameOf(service.Key)} {Properties(service)}",
        });
        output.Write('\n');
        // The kernel gives no protocol with services by mark, so the ports of their servers have no names.
        ServiceProtocol? protocol = service.Key.IsMark ? null : service.Key.Protocol;
        foreach (var server in sort ? ServiceOrder.Sort(state.Servers) : state.Servers) Write(server, protocol);
    }

    private void Write(ServerState state, ServiceProtocol? protocol)
    {
        var server = state.Server;
        var name = names.ColumnText(server.Key.Address.Family, server.Key, protocol, ServerWidth);
        var connections = $"{state.ActiveConnections,-10} {state.InactiveConnections,-10}";
        var columns = format switch
        {
            ListFormat.Stats => Counters(state.Counters),
            ListFormat.Rate => Rates(state.Rates),
            ListFormat.Thresholds => $" {server.UpperThreshold,-10} {server.LowerThreshold,-10} {connections}",
            ListFormat.PersistentConnections => $" {server.Weight,-9} {state.PersistentConnections,-11} {connections}",
            ListFormat.TunnelInfo => $" {NameOf(server.Forwarding),-7} {TunnelText(server),-13} {server.Weight,-6} {connections}",
            _ => $" {NameOf(server.Forwarding),-7} {server.Weight,-6} {connections}",
        };
        output.Write($"  -> {name,-ServerWidth}{columns}\n");
    }

    private string NameOf(ServiceKey key)
    {
        if (key.IsMark) return $"FWM  {unchecked((int)key.Mark)}{(key.Family == AddressFamily.IPv6 ? " IPv6" : "")}";
        var protocol = key.Protocol.ToString().ToUpperInvariant();
        return $"{protocol,-4} {names.ColumnText(key.Family, new(key.Address, key.Port), key.Protocol, ServerWidth)}";
    }

    private static string Properties(VirtualService service)
    {
        var text = service.Scheduler;
        if ((service.Flags & SchedulerFlag.Mask) != 0) text += $" ({SchedulerFlag.Text(service.Scheduler, service.Flags)})";
        if (service.IsPersistent)
        {
            text += $" persistent {service.PersistenceTimeout}";
            if (MaskText(service) is { } mask) text += $" mask {mask}";
            if (service.PersistenceEngine.Length > 0) text += $" pe {service.PersistenceEngine}";
        }
        return (service.Flags & ServiceFlags.OnePacket) != 0 ? text + " ops" : text;
    }

    /// <summary>The persistence mask, or null when it tells every client apart.</summary>
    public static string? MaskText(VirtualService service)
    {
        if (service.Key.Family == AddressFamily.IPv6)
            return service.PersistenceMask == VirtualService.HostMaskIPv6 ? null : $"{service.PersistenceMask}";
        return service.PersistenceMask == VirtualService.HostMaskIPv4 ? null : Address.FromIPv4(service.PersistenceMask).ToString();
    }

    private static string NameOf(ForwardingMethod forwarding) => forwarding switch
    {
        ForwardingMethod.Masquerade => "Masq",
        ForwardingMethod.Local => "Local",
        ForwardingMethod.Tunnel => "Tunnel",
        _ => "Route",
    };

    private static string TunnelText(RealServer server)
    {
        if (server.Forwarding != ForwardingMethod.Tunnel) return "n/a";
        var checksum = server.Tunnel.Checksum switch
        {
            TunnelChecksum.Checksum => "+c",
            TunnelChecksum.RemoteChecksum => "r+c",
            _ => "-c",
        };
        return server.Tunnel.Type switch
        {
            TunnelType.Gue => $"gue:{server.Tunnel.Port}:{checksum}",
            TunnelType.Gre => $"gre:{checksum}",
            _ => "ipip",
        };
    }

    private string Counters(TrafficCounters counters) =>
        Five(counters.Connections, counters.PacketsIn, counters.PacketsOut, counters.BytesIn, counters.BytesOut);

    private string Rates(TrafficRates rates) => Five(rates.Connections, rates.PacketsIn, rates.PacketsOut, rates.BytesIn, rates.BytesOut);

    private string Five(params ReadOnlySpan<ulong> values)
    {
        var text = "";
        foreach (var value in values) text += Columns.Counter(value, exact);
        return text;
    }
}

using System.Runtime.InteropServices;
using Weir.Control.Images;
using Weir.Control.Instances;
using Weir.DataPath;
using Weir.DataPath.Flows;
using Weir.DataPath.Services;
using KernelKey = Weir.DataPath.Services.ServiceKey;

namespace Weir.Control.Services;

/// <summary>
/// Datagram flows that a change of services ends: those of servers that go, whose clients would send to nobody, and those that began before their service was there,
/// which would go past it for as long as their clients send.
/// </summary>
internal sealed class EndingFlows
{
    private const byte Udp = 17;

    private readonly HashSet<uint> _servers = [];
    private readonly HashSet<(Model.Address Address, ushort PortBe)> _services = [];

    /// <summary>A server goes.</summary>
    public void AddServer(ServiceTables tables, uint slot)
    {
        ref var server = ref tables.Servers[(int)slot];
        if (tables.States[(int)server.ServiceSlot].Key.Protocol == Udp && ServiceTables.HasConnections(server)) _servers.Add(slot);
    }

    /// <summary>A service has come.</summary>
    public void AddService(KernelKey key)
    {
        if (key.Protocol == Udp) _services.Add((NetworkOrder.From(key.Address), key.PortBe));
    }

    /// <summary>Ends them, in one pass over all flows.</summary>
    public void End(Instance instance)
    {
        if (_servers.Count + _services.Count == 0) return;
        var ending = new List<FlowTuple>();
        foreach (var (tuple, flow) in instance.Map(nameof(Maps.Flows)).AsHash<FlowTuple, Flow>().ToArray())
        {
            if (tuple.Protocol == Udp && IsEnding(tuple, flow)) ending.Add(tuple);
        }
        if (ending.Count == 0) return;
        var program = instance.Program(nameof(FlowEnding.EndFlow));
        var packet = new byte[FlowEnding.TupleOffset + Marshal.SizeOf<FlowTuple>()];
        foreach (var tuple in ending)
        {
            MemoryMarshal.Write(packet.AsSpan(FlowEnding.TupleOffset), tuple);
            program.Run(packet);
        }
    }

    private bool IsEnding(in FlowTuple tuple, in Flow flow) => (flow.Status & FlowStatus.Service) != 0
        ? _servers.Contains(flow.ServerSlot)
        : _services.Count > 0 && _services.Contains((NetworkOrder.From(tuple.Destination), tuple.DestinationPortBe));
}

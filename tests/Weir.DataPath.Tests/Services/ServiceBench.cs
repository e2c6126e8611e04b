using Weir.Control.Services;
using Weir.DataPath.Flows;
using Weir.DataPath.Services;

namespace Weir.DataPath.Tests.Services;

/// <summary>A virtual service in the managed maps, changed as the control side changes it: one server at a time, the newest first.</summary>
internal sealed unsafe class ServiceBench
{
    private const uint ServiceSlot = 1;
    private const uint ListStart = 1024;
    private const uint TableStart = 2048;

    private readonly List<WeightedServer> _servers = [];
    private readonly Dictionary<uint, string> _names = [];

    public ServiceBench(Scheduler scheduler, uint virtualAddress = 0x0a090909, ushort port = 80, ServiceFlags flags = ServiceFlags.None)
    {
        Maps.Services.Clear();
        Maps.ServiceStates.Clear();
        Maps.Servers.Clear();
        Maps.ServerLists.Clear();
        Maps.Templates.Clear();
        Record = new Service { Slot = ServiceSlot, Scheduler = scheduler, Flags = flags, PersistenceMaskBe = uint.MaxValue };
        Key = new ServiceKey { Address = Address(virtualAddress), PortBe = Bits.Swap(port), Protocol = 6 };
        Publish();
    }

    public Service Record;

    public ServiceKey Key;

    public static IpAddress Address(uint value) => new() { Word2Be = IpAddress.MappedBe, Word3Be = Bits.Swap(value) };

    public Server* ServerOf(string name) => Maps.Servers.At(_names.First(pair => pair.Value == name).Key);

    /// <summary>The name of the server at an address.</summary>
    public string NameOf(string address) => _names.First(pair => Maps.Servers.At(pair.Key)->Address.Word3Be == BitConverter.ToUInt32(System.Net.IPAddress.Parse(address).GetAddressBytes())).Value;

    public void Add(string name, int weight)
    {
        var slot = (uint)_names.Count + 1;
        _names.Add(slot, name);
        var server = Maps.Servers.At(slot);
        server->Address = Address(0x0a00020b + slot - 1);
        server->PortBe = Bits.Swap(80);
        server->ServiceSlot = ServiceSlot;
        server->Weight = weight;
        server->Flags = ServerFlags.Available;
        _servers.Insert(0, new WeightedServer(slot, weight));
        Publish();
    }

    public void Remove(string name)
    {
        var slot = _names.First(pair => pair.Value == name).Key;
        _servers.RemoveAll(server => server.Slot == slot);
        Maps.Servers.At(slot)->Flags &= ~ServerFlags.Available;
        Publish();
    }

    public void SetWeight(string name, int weight)
    {
        var slot = _names.First(pair => pair.Value == name).Key;
        _servers[_servers.FindIndex(server => server.Slot == slot)] = new WeightedServer(slot, weight);
        Maps.Servers.At(slot)->Weight = weight;
        Publish();
    }

    /// <summary>The name of the server that a client gets, or the client's error.</summary>
    public string Connect(uint source, ushort sourcePort = 40000)
    {
        var tuple = new FlowTuple
        {
            Source = Address(source),
            Destination = Key.Address,
            SourcePortBe = Bits.Swap(sourcePort),
            DestinationPortBe = Key.PortBe,
            Protocol = 6,
        };
        fixed (Service* service = &Record)
        {
            var slot = (uint)Schedulers.Pick(service, &tuple);
            return slot == 0 ? "ECONNREFUSED" : _names[slot];
        }
    }

    public void Publish()
    {
        var servers = _servers.ToArray();
        for (var i = 0; i < servers.Length; i++) *Maps.ServerLists.At(ListStart + (uint)i) = servers[i].Slot;
        var buckets = new uint[SourceHashTable.Size];
        if (Record.Scheduler == Scheduler.DestinationHashing) DestinationHashTable.Fill(servers, buckets);
        else SourceHashTable.Fill(servers, buckets);
        for (var i = 0; i < buckets.Length; i++) *Maps.ServerLists.At(TableStart + (uint)i) = buckets[i];
        var marks = WeightedRoundRobinMark.Of(servers);
        Record.ServerStart = ListStart;
        Record.ServerCount = (uint)servers.Length;
        Record.TableStart = TableStart;
        Record.MaxWeight = (int)marks.MaxWeight;
        Record.WeightStep = (int)marks.Step;
        var state = Maps.ServiceStates.At(ServiceSlot);
        if (Record.Scheduler == Scheduler.WeightedRoundRobin)
            state->Position = SchedulerPosition.Of(0, 0, marks.CurrentWeightAfter(SchedulerPosition.CurrentWeight(state->Position)));
        fixed (Service* record = &Record)
        {
            fixed (ServiceKey* key = &Key) Maps.Services.Update(key, record, Weir.Bpf.Programs.UpdateMode.Any);
        }
    }
}

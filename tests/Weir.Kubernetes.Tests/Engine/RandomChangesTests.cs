using k8s.Models;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Semantics;
using Weir.Kubernetes.Tests.Fakes;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Engine;

/// <summary>However the objects came to be, the virtual services are those of a proxy that starts with them.</summary>
public sealed class RandomChangesTests
{
    private static readonly string[] Names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    private static readonly Address[] NodeAddresses = [Address.Parse("127.0.0.1"), Address.Parse("192.0.2.1"), Address.Parse("192.0.2.2"), Address.Parse("2001:db8::1")];

    [Fact]
    public void Any_order_of_changes_ends_as_a_fresh_start()
    {
        for (var seed = 0; seed < 150; seed++) Run(seed);
    }

    private static void Run(int seed)
    {
        var random = new Random(seed);
        var services = new Dictionary<string, V1Service>();
        var slices = new Dictionary<string, V1EndpointSlice>();
        V1Node? node = null;
        var cidrs = new Dictionary<string, V1ServiceCIDR>();
        var failures = 0;
        var bench = NewBench();
        bench.Store.Answer = service => failures > 0 && service.Service.Key.Port % 2 == 0 ? ServiceStatus.NoSpace : ServiceResult.Done;
        bench.Store.BeforeApply = () =>
        {
            if (failures > 0 && --failures % 2 == 1) throw new InvalidOperationException("a kernel's bad day");
        };
        bench.Start([], []);
        for (var i = 0; i < 120; i++)
        {
            Change(i);
            if (random.Next(4) == 0) failures = random.Next(3);
            if (random.Next(3) != 0) continue;
            bench.Time.Advance(TimeSpan.FromMilliseconds(random.Next(3000)));
            bench.Proxy.Step();
        }
        failures = 0;
        bench.Time.Advance(TimeSpan.FromSeconds(15));
        bench.Proxy.Step();
        bench.Settle();

        // In another order, at once.
        var fresh = NewBench();
        if (node is not null) fresh.Proxy.Set(node);
        fresh.Proxy.Replace([.. cidrs.Values]);
        fresh.Start([.. services.Values.OrderBy(_ => random.Next())], [.. slices.Values.OrderBy(_ => random.Next())]);

        Assert.Equal(fresh.Store.Services.Keys.OrderBy(static k => k.ToString()), bench.Store.Services.Keys.OrderBy(static k => k.ToString()));
        foreach (var (key, service) in fresh.Store.Services) Assert.Equal((seed, service), (seed, bench.Store.Services[key]));
        Assert.Equal(fresh.Store.Settings, bench.Store.Settings);
        Assert.Equal(fresh.Network.Bound.Order(), bench.Network.Bound.Order());
        Assert.Equal(fresh.Proxy.HealthChecks, bench.Proxy.HealthChecks);
        Assert.Equal(fresh.Proxy.NoLocalEndpoints, bench.Proxy.NoLocalEndpoints);
        Assert.Null(bench.Proxy.PendingSince);

        void Change(int step)
        {
            switch (random.Next(12))
            {
                case < 4:
                    var service = RandomService(random, step);
                    services[service.Metadata.Name] = service;
                    bench.Proxy.Set(service);
                    break;
                case < 8:
                    var slice = RandomSlice(random);
                    slices[slice.Metadata.Name] = slice;
                    bench.Proxy.Set(slice);
                    break;
                case 8 when services.Count > 0:
                    var gone = services.Values.ElementAt(random.Next(services.Count));
                    services.Remove(gone.Metadata.Name);
                    bench.Proxy.Remove(gone);
                    break;
                case 9 when slices.Count > 0:
                    var goneSlice = slices.Values.ElementAt(random.Next(slices.Count));
                    slices.Remove(goneSlice.Metadata.Name);
                    bench.Proxy.Remove(goneSlice);
                    break;
                case 10:
                    node = new V1Node { Metadata = new V1ObjectMeta { Name = "here", Labels = new Dictionary<string, string> { [Labels.Zone] = $"z{random.Next(3)}" } } };
                    bench.Proxy.Set(node);
                    break;
                case 11 when random.Next(3) == 0:
                    // A list after a broken watch: some objects are gone, others new.
                    foreach (var name in services.Keys.Where(_ => random.Next(3) == 0).ToList()) services.Remove(name);
                    foreach (var name in slices.Keys.Where(_ => random.Next(3) == 0).ToList()) slices.Remove(name);
                    bench.Proxy.Replace([.. services.Values]);
                    bench.Proxy.Replace([.. slices.Values]);
                    break;
                case 11:
                    var cidr = new V1ServiceCIDR { Metadata = new V1ObjectMeta { Name = $"c{random.Next(2)}" }, Spec = new V1ServiceCIDRSpec { Cidrs = [$"10.{random.Next(3)}.0.0/16"] } };
                    cidrs[cidr.Metadata.Name] = cidr;
                    bench.Proxy.Set(cidr);
                    break;
            }
        }
    }

    private static ProxyBench NewBench()
    {
        var bench = new ProxyBench(new ProxyOptions { NodeName = "here", NodeAddresses = [NodeAddresses[1], NodeAddresses[3]], PodPrefixes = [AddressMask.Prefix(Address.Parse("10.1.0.0"), 16)] });
        bench.Network.Local.AddRange(NodeAddresses);
        return bench;
    }

    private static V1Service RandomService(Random random, int step)
    {
        var name = Names[random.Next(Names.Length)];
        // Cluster addresses differ, everything else meets: external addresses, node ports and balancers.
        return Make.Service(name, random.Next(10) == 0 ? "None" : $"10.0.0.{Array.IndexOf(Names, name) + 1}", service =>
        {
            var spec = service.Spec;
            service.Metadata.CreationTimestamp = random.Next(2) == 0 ? null : DateTime.UnixEpoch.AddDays(random.Next(3));
            if (random.Next(3) == 0 && spec.ClusterIP != "None") (spec.IpFamilies, spec.ClusterIPs) = (["IPv4", "IPv6"], [spec.ClusterIP, $"fd00::{Array.IndexOf(Names, name) + 1}"]);
            spec.Type = random.Next(4) switch { 0 => "ClusterIP", 1 => "NodePort", 2 => "LoadBalancer", _ => spec.Type };
            spec.Ports = [Make.Port(80, "", null, random.Next(2) == 0 ? 30000 + random.Next(3) : 0)];
            if (random.Next(2) == 0) spec.Ports.Add(Make.Port(53, "dns", random.Next(2) == 0 ? "UDP" : "TCP", random.Next(3) == 0 ? 30001 : null));
            if (random.Next(3) == 0) spec.ExternalIPs = [$"203.0.113.{random.Next(3)}", "192.0.2.2"];
            if (random.Next(3) == 0) spec.InternalTrafficPolicy = "Local";
            if (random.Next(3) == 0) (spec.ExternalTrafficPolicy, spec.HealthCheckNodePort) = ("Local", 31000 + step);
            if (random.Next(4) == 0) spec.SessionAffinity = "ClientIP";
            if (random.Next(4) == 0) spec.LoadBalancerSourceRanges = ["192.0.2.0/24"];
            if (random.Next(5) == 0) service.Metadata.Annotations[Labels.Scheduler] = "lc";
            if (random.Next(3) == 0) service.Balanced($"203.0.113.{random.Next(3)}", "2001:db8::99");
            if (random.Next(15) == 0) service.Metadata.Labels[Labels.ServiceProxyName] = "other";
        });
    }

    private static V1EndpointSlice RandomSlice(Random random)
    {
        var name = Names[random.Next(Names.Length)];
        var isIPv6 = random.Next(4) == 0;
        var addresses = Enumerable.Range(0, random.Next(5)).Select(_ => isIPv6 ? $"fd01::{random.Next(1, 6)}" : $"10.1.0.{random.Next(1, 6)}").ToArray();
        return Make.Slice(name, random.Next(2).ToString(), addresses, slice =>
        {
            if (isIPv6) slice.AddressType = "IPv6";
            if (random.Next(3) == 0) slice.Ports.Add(new Discoveryv1EndpointPort { Name = "dns", Port = 5353, Protocol = random.Next(2) == 0 ? "UDP" : "TCP" });
            // Moves to another Service.
            if (random.Next(6) == 0) slice.Metadata.Labels[Labels.ServiceName] = Names[random.Next(Names.Length)];
            foreach (var endpoint in slice.Endpoints)
            {
                if (random.Next(2) == 0) endpoint.NodeName = random.Next(2) == 0 ? "here" : "there";
                if (random.Next(3) == 0) endpoint.Conditions = new V1EndpointConditions { Ready = random.Next(2) == 0, Serving = random.Next(2) == 0, Terminating = random.Next(2) == 0 };
                if (random.Next(3) != 0) endpoint.Hints = new V1EndpointHints { ForZones = [new V1ForZone { Name = $"z{random.Next(3)}" }] };
            }
        });
    }
}

using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Weir.Kernel.Tests.Networks;
using Weir.Kubernetes.Nodes;
using Weir.Model;

namespace Weir.Kernel.Tests.Proxying;

/// <summary>The device of the addresses of services, in this kernel.</summary>
public sealed class NodeNetworkTests
{
    [Fact]
    public void Addresses_are_the_nodes_own_while_they_are_bound()
    {
        using var space = new NetworkNamespace("bind");
        space.Run("ip link add up0 type veth peer name peer0");
        space.Run("ip addr add 192.0.2.1/24 dev up0");
        Address[] first = [Address.Parse("10.96.0.1"), Address.Parse("fd00:10:96::1")], second = [Address.Parse("10.96.0.1"), Address.Parse("10.96.0.2")];

        space.Inside(() =>
        {
            using var network = new NodeNetwork(NullLogger<NodeNetwork>.Instance);
            Assert.Contains(Address.Parse("192.0.2.1"), network.Addresses());
            Assert.Empty(network.Bind(first));
            Assert.DoesNotContain(first[0], network.Addresses());
            return 0;
        });
        Assert.Contains("local 10.96.0.1 dev lo", space.Run("ip route get 10.96.0.1"));
        Assert.Contains("local fd00:10:96::1 from :: dev lo", space.Run("ip route get fd00:10:96::1"));
        Assert.DoesNotContain("UP", space.Run($"ip -o link show {NodeNetwork.DeviceName}").Split('>')[0]);

        // Another run takes over what it finds; what kube-proxy's dummy device held would be found the same way.
        space.Inside(() =>
        {
            using var network = new NodeNetwork(NullLogger<NodeNetwork>.Instance);
            return Assert.IsAssignableFrom<IReadOnlyList<Address>>(network.Bind(second)).Count;
        });
        var shown = space.Run($"ip -o addr show {NodeNetwork.DeviceName}");
        Assert.Contains("10.96.0.1/32", shown);
        Assert.Contains("10.96.0.2/32", shown);
        Assert.DoesNotContain("fd00:10:96::1", shown);

        Assert.True(space.Inside(() =>
        {
            using var network = new NodeNetwork(NullLogger<NodeNetwork>.Instance);
            return network.Remove() && !network.Remove();
        }));
        Assert.DoesNotContain(NodeNetwork.DeviceName, space.Run("ip link"));
    }

    [Fact]
    public void Ten_thousand_addresses_are_bound_at_once()
    {
        using var space = new NetworkNamespace("many");
        var addresses = Enumerable.Range(0, 10_000).Select(i => Address.FromIPv4(0x0a600000 + (uint)i)).ToList();
        var (bind, again, change, unbind) = space.Inside(() =>
        {
            using var network = new NodeNetwork(NullLogger<NodeNetwork>.Instance);
            TimeSpan Time(IReadOnlyCollection<Address> wanted)
            {
                var watch = Stopwatch.StartNew();
                Assert.Empty(network.Bind(wanted));
                return watch.Elapsed;
            }
            return (Time(addresses), Time(addresses), Time([.. addresses.Skip(1), Address.Parse("10.200.0.1")]), Time([]));
        });
        // The kernel goes through a device's addresses for each new one, so ten thousand are some seconds on a busy machine; ip -batch takes as long.
        Assert.True(bind < TimeSpan.FromSeconds(30), $"bind {bind}");
        Assert.True(unbind < TimeSpan.FromSeconds(30), $"unbind {unbind}");
        Assert.True(again < bind / 10, $"again {again} of {bind}");
        Assert.True(change < bind / 10, $"change {change} of {bind}");
    }

    [Fact]
    public void Settings_of_the_node_are_made()
    {
        using var space = new NetworkNamespace("settings");
        space.Run("sysctl -qw net.ipv4.ip_forward=0");
        space.Inside(() =>
        {
            using var network = new NodeNetwork(NullLogger<NodeNetwork>.Instance);
            network.Prepare(isArpStrict: false);
            return 0;
        });
        Assert.Equal("1 0 0", Settings());
        space.Inside(() =>
        {
            using var network = new NodeNetwork(NullLogger<NodeNetwork>.Instance);
            network.Prepare(isArpStrict: true);
            return 0;
        });
        Assert.Equal("1 1 2", Settings());

        string Settings() => string.Join(' ', space.Run("sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce").Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}

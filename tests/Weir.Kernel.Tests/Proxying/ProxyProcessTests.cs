using System.Net.Sockets;
using Weir.Kernel.Tests.Networks;
using Weir.Kernel.Tests.Services;
using Weir.Kubernetes.Tests.Api;
using static Weir.Kernel.Tests.Services.ProxyNode;

namespace Weir.Kernel.Tests.Proxying;

/// <summary>The program itself on a node: <c>weir proxy</c> from a folder of manifests, and real clients.</summary>
[Collection("network")]
public sealed class ProxyProcessTests : IDisposable
{
    private readonly ProxyNode _node = new("pp");
    private readonly string _folder = Directory.CreateTempSubdirectory("weir-manifests-").FullName;

    public void Dispose()
    {
        _node.Dispose();
        Directory.Delete(_folder, true);
    }

    [Fact]
    public void Manifests_become_services_and_the_services_follow_them()
    {
        Write("web.yaml", WebService, Slice("web", "10.2.0.2"));
        using (Proxy())
        {
            Assert.True(Wait.Until(() => Reach(_node.Far) == "pod2"));
            Assert.Equal(["pod2", "pod2"], [Reach(_node.Pod), Reach(_node.Node)]);
            Assert.Equal("pod2", Reach(_node.Far, 30080, "10.1.0.1"));
            // What users of ipvs look at.
            Assert.Contains("TCP  10.96.0.10:80 rr", _node.Ipvsadm("-Ln"), StringComparison.Ordinal);
            Assert.Contains("TCP  10.1.0.1:30080 rr", _node.Ipvsadm("-Ln"), StringComparison.Ordinal);
            Assert.Contains("inet 10.96.0.10/32", _node.Node.Run("ip address show kube-ipvs0"), StringComparison.Ordinal);

            Write("web.yaml", WebService, Slice("web", "10.2.0.3"));
            Assert.True(Wait.Until(() => Reach(_node.Far) == "pod3"));
            // A file that is broken leaves what it said before.
            File.WriteAllText(Path.Combine(_folder, "web.yaml"), "kind: [Service");
            Write("more.yaml", Service("more", "10.96.0.11", ""), Slice("more", "10.2.0.4"));
            Assert.True(Wait.Until(() => Reach(_node.Far, address: "10.96.0.11") == "pod4"));
            Assert.Equal("pod3", Reach(_node.Far));
            // Without endpoints clients are told so; without the Service there is nothing.
            Write("more.yaml", Service("more", "10.96.0.11", ""));
            Assert.True(Wait.Until(() => Reach(_node.Far, address: "10.96.0.11") == "refused"));
            File.Delete(Path.Combine(_folder, "more.yaml"));
            Assert.True(Wait.Until(() => !_node.Ipvsadm("-Ln").Contains("10.96.0.11", StringComparison.Ordinal)));
            Assert.DoesNotContain("10.96.0.11", _node.Node.Run("ip address show kube-ipvs0"), StringComparison.Ordinal);
        }
        // What is in force stays when the process is gone.
        Assert.Equal("pod3", Reach(_node.Far));
        Assert.Equal(0, _node.Node.Execute([Shell.Weir("weir"), "proxy", "--cleanup"]).Code);
        Assert.DoesNotContain("10.96", _node.Ipvsadm("-Ln"), StringComparison.Ordinal);
        Assert.NotEqual(0, _node.Node.Execute(["ip", "link", "show", "kube-ipvs0"]).Code);
    }

    [Fact]
    public async Task Killed_and_started_again_under_load_it_fails_no_connection()
    {
        Write("web.yaml", WebService, Slice("web", "10.2.0.2", "10.2.0.3"));
        var proxy = Proxy();
        Assert.True(Wait.Until(() => Reach(_node.Far).StartsWith("pod", StringComparison.Ordinal)));
        using var held = Connect(_node.Far, out _);
        using var end = new CancellationTokenSource();
        var clients = Clients(end.Token);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(137, proxy.Signal("KILL"));
            proxy.Dispose();
            proxy = Proxy();
            // It has looked at everything once it follows a change again.
            Write("other.yaml", Service("other", $"10.96.0.{20 + i}", ""), Slice("other", "10.2.0.4"));
            Assert.True(Wait.Until(() => Reach(_node.Pod, address: $"10.96.0.{20 + i}") == "pod4"));
        }
        await end.CancelAsync();
        var counts = await Task.WhenAll(clients);
        proxy.Dispose();
        Assert.All(counts, count => Assert.True(count > 10, $"{count} connections"));
        // The connection from before is still one.
        held.Send([1]);
        held.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, held.Receive(new byte[8]));
    }

    [Fact]
    public async Task A_node_of_kube_proxy_is_taken_over_without_a_connection_refused_or_lost()
    {
        // As kube-proxy's iptables mode leaves it, and a rule of a network plugin, for whose sake the kernel goes on tracking connections.
        _node.Node.Execute(["iptables-legacy-restore"], """
            *nat
            :KUBE-SERVICES - [0:0]
            :KUBE-SVC-WEB - [0:0]
            :KUBE-SEP-A - [0:0]
            :KUBE-SEP-B - [0:0]
            :KUBE-MARK-MASQ - [0:0]
            :KUBE-POSTROUTING - [0:0]
            -A PREROUTING -j KUBE-SERVICES
            -A OUTPUT -j KUBE-SERVICES
            -A POSTROUTING -j KUBE-POSTROUTING
            -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE
            -A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-WEB
            -A KUBE-SVC-WEB ! -s 10.2.0.0/16 -j KUBE-MARK-MASQ
            -A KUBE-SVC-WEB -m statistic --mode random --probability 0.5 -j KUBE-SEP-A
            -A KUBE-SVC-WEB -j KUBE-SEP-B
            -A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.2.0.2:8000
            -A KUBE-SEP-B -p tcp -m tcp -j DNAT --to-destination 10.2.0.3:8000
            -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
            -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
            -A KUBE-POSTROUTING -j MASQUERADE --random-fully
            COMMIT

            """);
        using var held = Connect(_node.Far, out var before);
        Assert.Matches("pod[23]", before);
        using var end = new CancellationTokenSource();
        var clients = Clients(end.Token);
        Write("web.yaml", WebService, Slice("web", "10.2.0.2", "10.2.0.3"));
        using (var proxy = Proxy("--takeover"))
        {
            proxy.Await("Everything is programmed");
            Assert.True(Wait.Until(() => !_node.Node.Run("iptables-legacy-save").Contains("KUBE-SVC-WEB", StringComparison.Ordinal)));
            Assert.Contains("-A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE", _node.Node.Run("iptables-legacy-save"), StringComparison.Ordinal);
            for (var i = 0; i < 20; i++) Assert.Matches("pod[23]", Reach(_node.Far));
        }
        await end.CancelAsync();
        Assert.All(await Task.WhenAll(clients), count => Assert.True(count > 10, $"{count} connections"));
        // The connection that kube-proxy's rules began goes on as the kernel knows it.
        held.Send([1]);
        held.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, held.Receive(new byte[8]));
    }

    [Fact]
    public void Clients_do_not_notice_an_API_server_that_is_away_and_what_it_says_afterwards_holds()
    {
        const string services = "/api/v1/services", slices = "/apis/discovery.k8s.io/v1/endpointslices";
        var api = _node.Node.Inside(() => new ApiServer());
        api.Put("/api/v1/nodes", """{"metadata":{"name":"node"},"status":{"addresses":[{"type":"InternalIP","address":"10.1.0.1"}]}}""");
        api.Put(services, Json("web", "10.96.0.10"));
        api.Put(slices, JsonSlice("web", "10.2.0.2"));
        using var proxy = BackgroundProcess.In(_node.Node, Shell.Weir("weir"), "proxy", "--master", api.Address, "--hostname-override=node");
        Assert.True(Wait.Until(() => Reach(_node.Far) == "pod2"));
        api.Put(slices, JsonSlice("web", "10.2.0.3"));
        Assert.True(Wait.Until(() => Reach(_node.Far) == "pod3"));
        var address = new Uri(api.Address);
        api.Dispose();
        // A proxy that comes while nobody answers does no harm either.
        Assert.Equal(137, proxy.Signal("KILL"));
        using var next = BackgroundProcess.In(_node.Node, Shell.Weir("weir"), "proxy", "--master", address.ToString(), "--hostname-override=node");
        next.Await("Waiting for the node's object");
        Assert.Equal(["pod3", "pod3"], [Reach(_node.Far), Reach(_node.Node)]);
        using var again = _node.Node.Inside(() => new ApiServer(address.Port));
        again.Put("/api/v1/nodes", """{"metadata":{"name":"node"},"status":{"addresses":[{"type":"InternalIP","address":"10.1.0.1"}]}}""");
        again.Put(services, Json("web", "10.96.0.10"));
        again.Put(services, Json("other", "10.96.0.11"));
        again.Put(slices, JsonSlice("web", "10.2.0.4"));
        again.Put(slices, JsonSlice("other", "10.2.0.2"));
        Assert.True(Wait.Until(() => Reach(_node.Far, address: "10.96.0.11") == "pod2"));
        Assert.Equal("pod4", Reach(_node.Far));

        static string Json(string name, string address) => $$"""
            {"metadata":{"name":"{{name}}","namespace":"default"},"spec":{"clusterIP":"{{address}}","ports":[{"name":"http","port":80,"protocol":"TCP"}]} }
            """;

        static string JsonSlice(string service, string address) => $$"""
            {"metadata":{"name":"{{service}}-1","namespace":"default","labels":{"kubernetes.io/service-name":"{{service}}"} },"addressType":"IPv4",
            "ports":[{"name":"http","port":8000,"protocol":"TCP"}],"endpoints":[{"addresses":["{{address}}"]}]}
            """;
    }

    /// <summary>Clients elsewhere, in a pod and on the node that connect again and again; each gives the number of its connections.</summary>
    private Task<int>[] Clients(CancellationToken end)
    {
        return [.. new[] { _node.Far, _node.Pod, _node.Node }.Select(place => Blocking.Run(() => Ask(place)))];

        int Ask(NetworkNamespace place)
        {
            var count = 0;
            for (; !end.IsCancellationRequested; count++) Assert.Matches("pod[23]", Reach(place));
            return count;
        }
    }

    private const string WebPorts = "nodePort: 30080";

    private static string WebService => Service("web", "10.96.0.10", WebPorts).Replace("type: ClusterIP", "type: NodePort", StringComparison.Ordinal);

    private static string Service(string name, string address, string more) => $$"""
        apiVersion: v1
        kind: Service
        metadata: { name: {{name}}, namespace: default }
        spec:
          type: ClusterIP
          clusterIP: {{address}}
          ports: [{ name: http, port: 80, protocol: TCP{{(more.Length > 0 ? ", " + more : "")}} }]
        """;

    private static string Slice(string service, params string[] addresses) => $$"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: { name: {{service}}-1, namespace: default, labels: { kubernetes.io/service-name: {{service}} } }
        addressType: IPv4
        ports: [{ name: http, port: 8000, protocol: TCP }]
        endpoints: [{{string.Join(", ", addresses.Select(address => $"{{ addresses: [{address}], nodeName: node }}"))}}]
        """;

    /// <summary>A file that is there as a whole or not at all.</summary>
    private void Write(string name, params string[] documents)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path + ".new", string.Join("\n---\n", documents));
        File.Move(path + ".new", path, true);
    }

    private BackgroundProcess Proxy(params string[] more) => BackgroundProcess.In(_node.Node,
        [Shell.Weir("weir"), "proxy", "--manifests", _folder, "--hostname-override=node", "--detect-local-mode=ClusterCIDR", "--cluster-cidr=10.2.0.0/16", .. more]);
}

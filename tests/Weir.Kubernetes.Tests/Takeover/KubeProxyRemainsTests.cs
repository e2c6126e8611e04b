using Microsoft.Extensions.Logging.Abstractions;
using Weir.Kubernetes.Takeover;

namespace Weir.Kubernetes.Tests.Takeover;

/// <summary>In a namespace of its own, with the system's iptables of both kinds: what a node that ran kube-proxy looks like, and what is left of it.</summary>
public sealed class KubeProxyRemainsTests : IDisposable
{
    /// <summary>kube-proxy's chains in iptables mode and in ipvs mode, with two of its sets, among rules of others.</summary>
    private const string Node = """
        *nat
        :KUBE-SERVICES - [0:0]
        :KUBE-POSTROUTING - [0:0]
        :KUBE-NODE-PORT - [0:0]
        :KUBE-NODEPORTS - [0:0]
        :KUBE-LOAD-BALANCER - [0:0]
        :KUBE-MARK-MASQ - [0:0]
        :KUBE-SVC-ERIFXISQEP7F7OF4 - [0:0]
        :KUBE-SEP-3EUEDVAVMQP4TNMY - [0:0]
        :KUBE-PROXY-CANARY - [0:0]
        :KUBE-KUBELET-CANARY - [0:0]
        :MINE - [0:0]
        -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -A PREROUTING -p tcp -m tcp --dport 8080 -j MINE
        -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
        -A POSTROUTING -s 10.9.0.0/16 ! -o lo -m comment --comment "says -j KUBE-SERVICES but is mine" -j MASQUERADE
        -A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN
        -A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "kube-system/kube-dns:dns-tcp cluster IP" -m tcp --dport 53 -j KUBE-SVC-ERIFXISQEP7F7OF4
        -A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT
        -A KUBE-POSTROUTING -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
        -A MINE -m set --match-set mine src -j RETURN
        -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
        -A KUBE-SVC-ERIFXISQEP7F7OF4 -m comment --comment "kube-system/kube-dns:dns-tcp -> 10.244.0.2:53" -j KUBE-SEP-3EUEDVAVMQP4TNMY
        -A KUBE-SEP-3EUEDVAVMQP4TNMY -s 10.244.0.2/32 -j KUBE-MARK-MASQ
        -A KUBE-SEP-3EUEDVAVMQP4TNMY -p tcp -m tcp -j DNAT --to-destination 10.244.0.2:53
        -A KUBE-NODE-PORT -j KUBE-MARK-MASQ
        -A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ
        -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
        -A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
        -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
        -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
        -A MINE -p tcp -j REDIRECT --to-ports 80
        COMMIT
        *filter
        :KUBE-FORWARD - [0:0]
        :KUBE-NODE-PORT - [0:0]
        :KUBE-PROXY-FIREWALL - [0:0]
        :KUBE-SOURCE-RANGES-FIREWALL - [0:0]
        :KUBE-IPVS-FILTER - [0:0]
        :KUBE-IPVS-OUT-FILTER - [0:0]
        :KUBE-FIREWALL - [0:0]
        :KUBE-EXTERNAL-SERVICES - [0:0]
        -A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
        -A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
        -A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
        -A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
        -A INPUT -j KUBE-FIREWALL
        -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
        -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
        -A OUTPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-OUT-FILTER
        -A OUTPUT -j KUBE-FIREWALL
        -A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
        -A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A KUBE-SOURCE-RANGES-FIREWALL -j DROP
        -A KUBE-PROXY-FIREWALL -j KUBE-SOURCE-RANGES-FIREWALL
        -A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
        COMMIT

        """;

    private static readonly string[] s_left =
    [
        ":KUBE-KUBELET-CANARY", ":MINE", ":KUBE-FIREWALL",
        "-A PREROUTING -p tcp -m tcp --dport 8080 -j MINE",
        "-A POSTROUTING -s 10.9.0.0/16 ! -o lo -m comment --comment \"says -j KUBE-SERVICES but is mine\" -j MASQUERADE",
        "-A MINE -m set --match-set mine src -j RETURN", "-A MINE -p tcp -j REDIRECT --to-ports 80",
        "-A INPUT -j KUBE-FIREWALL", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", "-A OUTPUT -j KUBE-FIREWALL",
        "-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment \"block incoming localnet connections\" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
    ];

    private readonly string _namespace = $"weir-takeover-{Environment.ProcessId}";

    public KubeProxyRemainsTests() => Run("ip", ["netns", "add", _namespace]);

    public void Dispose() => Run("ip", ["netns", "del", _namespace]);

    [Theory]
    [InlineData("iptables-legacy")]
    [InlineData("iptables-nft")]
    public async Task What_kube_proxy_made_goes_and_all_else_stays(string tool)
    {
        In("ipset", ["create", "KUBE-CLUSTER-IP", "hash:ip,port"]);
        In("ipset", ["create", "KUBE-LOOP-BACK", "hash:ip,port,ip"]);
        In("ipset", ["create", "KUBE-6-IPVS-IPS", "hash:ip", "family", "inet6"]);
        In("ipset", ["create", "mine", "hash:ip"]);
        In($"{tool}-restore", [], Node);
        In($"{tool.Replace("ip", "ip6")}-restore", [], "*nat\n:KUBE-SERVICES - [0:0]\n-A OUTPUT -j KUBE-SERVICES\n-A OUTPUT -p udp -j ACCEPT\nCOMMIT\n");
        In("nft", ["add", "table", "ip", "kube-proxy"]);
        In("nft", ["add", "chain", "ip", "kube-proxy", "services"]);
        In("nft", ["add", "table", "ip6", "kube-proxy"]);
        In("nft", ["add", "table", "ip", "mine"]);
        var remains = new KubeProxyRemains(NullLogger.Instance, ["ip", "netns", "exec", _namespace]);
        Assert.True(await remains.RemoveAsync([], CancellationToken.None));
        var left = In($"{tool}-save", []).Split('\n').Where(line => line.StartsWith('-') || (line.StartsWith(':') && line.Contains(" - ", StringComparison.Ordinal)))
            .Select(line => line.StartsWith(':') ? line.Split(' ')[0] : line);
        Assert.Equal(s_left.Order(), left.Order());
        Assert.Equal(["-A OUTPUT -p udp -j ACCEPT"], In($"{tool.Replace("ip", "ip6")}-save", []).Split('\n').Where(line => line.StartsWith('-') || line.StartsWith(":KUBE", StringComparison.Ordinal)));
        Assert.Equal("mine", In("ipset", ["list", "-n"]).Trim());
        Assert.Equal(["table ip mine"], In("nft", ["list", "tables"]).Split('\n').Where(line => line.EndsWith(" mine", StringComparison.Ordinal) || line.EndsWith(" kube-proxy", StringComparison.Ordinal)));
        // Again: there is nothing, and that is well.
        Assert.True(await remains.RemoveAsync([], CancellationToken.None));
    }

    private string In(string tool, string[] arguments, string input = "") => Run("ip", ["netns", "exec", _namespace, tool, .. arguments], input);

    private static string Run(string tool, string[] arguments, string input = "")
    {
        using var process = new System.Diagnostics.Process { StartInfo = new(tool, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true } };
        process.Start();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{tool} {string.Join(' ', arguments)}: {errors.Result}");
        return output;
    }
}

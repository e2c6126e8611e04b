using k8s.Models;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Semantics;
using Weir.Kubernetes.Tests.Fakes;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Semantics;

/// <summary>What is read of a Service, and that bad parts harm nothing but themselves. (TestServiceToServiceMap and TestBadIPs are upstream's.)</summary>
public sealed class ServiceReaderTests
{
    private readonly Problems _problems = new();

    [Theory]
    [InlineData("None", "ClusterIP", null)]
    [InlineData("", "ClusterIP", null)]
    [InlineData("10.0.0.1", "ExternalName", null)]
    [InlineData("10.0.0.1", "ClusterIP", Labels.ServiceProxyName)]
    public void What_is_nothing_for_this_proxy_is_left_alone(string address, string type, string? label)
    {
        var service = Make.Service("a", address, s =>
        {
            s.Spec.Type = type;
            if (label is not null) s.Metadata.Labels[label] = "";
        });
        Assert.Null(new ServiceReader(_problems).Read(service));
        Assert.Empty(_problems.Lines);
    }

    [Fact]
    public void Each_family_has_its_own_addresses()
    {
        var service = Make.Service("a", "10.0.0.1", static s =>
        {
            s.Spec.IpFamilies = ["IPv6", "IPv4"];
            s.Spec.ClusterIPs = ["fd00::1", "10.0.0.1"];
            s.Spec.ExternalIPs = ["203.0.113.1", "2001:db8::1", " 203.0.113.2 "];
            s.Spec.LoadBalancerSourceRanges = [" 198.51.100.0/24", "2001:db8:1::/48 ", "2001:db8:2::/48"];
        }).Balanced("1.2.3.4", "2001:db8::4");
        var read = new ServiceReader(_problems).Read(service)!;
        Assert.Equal(("10.0.0.1", "203.0.113.1 203.0.113.2", "1.2.3.4", "198.51.100.0/24"), Text(read.IPv4!));
        Assert.Equal(("fd00::1", "2001:db8::1", "2001:db8::4", "2001:db8:1::/48 2001:db8:2::/48"), Text(read.IPv6!));
        Assert.Empty(_problems.Lines);

        static (string, string, string, string) Text(FamilyAddresses a) =>
            (a.Cluster.ToString(), string.Join(' ', a.External), string.Join(' ', a.LoadBalancer), string.Join(' ', a.SourceRanges));
    }

    [Fact]
    public void Balancers_that_act_as_proxies_or_have_only_names_are_left_out()
    {
        var service = Make.Service("a", "10.0.0.1").Balanced("1.2.3.4", "1.2.3.5", "");
        service.Status.LoadBalancer.Ingress[0].IpMode = "Proxy";
        service.Status.LoadBalancer.Ingress[1].IpMode = "VIP";
        service.Status.LoadBalancer.Ingress[2].Hostname = "example";
        Assert.Equal([Address.Parse("1.2.3.5")], new ServiceReader(_problems).Read(service)!.IPv4!.LoadBalancer);
    }

    [Fact]
    public void A_range_of_everything_is_no_restriction()
    {
        var service = Make.Service("a", "10.0.0.1", static s => s.Spec.LoadBalancerSourceRanges = ["10.0.0.0/8", "0.0.0.0/0"]);
        Assert.Empty(new ServiceReader(_problems).Read(service)!.IPv4!.SourceRanges);
    }

    [Fact]
    public void A_bad_range_lets_nobody_in()
    {
        var service = Make.Service("a", "10.0.0.1", static s => s.Spec.LoadBalancerSourceRanges = ["10.0.0.0/99"]);
        Assert.Equal([AddressMask.Host(Address.AnyIPv4)], new ServiceReader(_problems).Read(service)!.IPv4!.SourceRanges);
        Assert.NotEmpty(_problems.Lines);
    }

    [Theory]
    [InlineData(null, null, 0u, 0)]
    [InlineData("None", 5, 0u, 0)]
    [InlineData("ClientIP", null, 10800u, 0)]
    [InlineData("ClientIP", 5, 5u, 0)]
    [InlineData("ClientIP", 0, 10800u, 1)]
    [InlineData("ClientIP", 86401, 10800u, 1)]
    public void Affinity(string? kind, int? seconds, uint expected, int problems)
    {
        var service = Make.Service("a", "10.0.0.1", s =>
        {
            s.Spec.SessionAffinity = kind;
            if (seconds is not null) s.Spec.SessionAffinityConfig = new V1SessionAffinityConfig { ClientIP = new V1ClientIPConfig { TimeoutSeconds = seconds } };
        });
        Assert.Equal(expected, new ServiceReader(_problems).Read(service)!.Affinity);
        Assert.Equal(problems, _problems.Lines.Count);
    }

    [Theory]
    [InlineData("wlc", "wlc", 0)]
    [InlineData(" sh ", "sh", 0)]
    [InlineData("mh", "sh", 1)]
    [InlineData("sed", "wlc", 1)]
    [InlineData("best", null, 1)]
    public void Scheduler_by_annotation(string asked, string? expected, int problems)
    {
        var service = Make.Service("a", "10.0.0.1", s => s.Metadata.Annotations[Labels.Scheduler] = asked);
        Assert.Equal(expected, new ServiceReader(_problems).Read(service)!.Scheduler);
        Assert.Equal(problems, _problems.Lines.Count);
    }

    [Fact]
    public void Weights_by_annotation()
    {
        var service = Make.Service("a", "10.0.0.1", static s => s.Metadata.Annotations[Labels.Weights] = "10.1.0.1=3, 10.1.0.2:8080=0,fd00::1=2,[fd00::2]:80=4,x=1,10.1.0.3=-1,10.1.0.4,10.1.0.5=70000");
        Assert.Equal(["10.1.0.1 0 3", "10.1.0.2 8080 0", "fd00::1 0 2", "fd00::2 80 4"],
            new ServiceReader(_problems).Read(service)!.Weights.Select(static w => $"{w.Address} {w.Port} {w.Weight}"));
        Assert.Equal(4, _problems.Lines.Count);
    }

    [Theory]
    [InlineData("LoadBalancer", "Local", 30000, 30000, true, 0)]
    [InlineData("LoadBalancer", "Local", 0, 0, true, 1)]
    [InlineData("LoadBalancer", "Cluster", 30000, 0, false, 0)]
    [InlineData("NodePort", "Local", 30000, 0, true, 0)]
    [InlineData("ClusterIP", "Local", 30000, 0, false, 0)]
    public void External_policy_and_health_check_port(string type, string policy, int port, int expected, bool isLocal, int problems)
    {
        var service = Make.Service("a", "10.0.0.1", s => (s.Spec.Type, s.Spec.ExternalTrafficPolicy, s.Spec.HealthCheckNodePort) = (type, policy, port));
        var read = new ServiceReader(_problems).Read(service)!;
        Assert.Equal((expected, isLocal, problems), (read.HealthCheckPort, read.IsExternalLocal, _problems.Lines.Count));
    }

    [Fact]
    public void Bad_parts_are_named_and_the_rest_counts()
    {
        var service = Make.Service("a", "10.0.0.1", static s =>
        {
            s.Spec.ExternalIPs = ["x", "127.0.0.1", "224.0.0.1", "203.0.113.1"];
            s.Spec.Ports = [Make.Port(80), Make.Port(0, "zero"), Make.Port(81, "q", "QUIC"), Make.Port(80, "again"), Make.Port(82, "n", null, 70000)];
        }).Balanced("1.2.3.400", "1.2.3.4");
        var read = new ServiceReader(_problems).Read(service)!;
        Assert.Equal(["80 0", "82 0"], read.Ports.Select(static port => $"{port.Port} {port.NodePort}"));
        Assert.Equal(("203.0.113.1", "1.2.3.4"), (string.Join(' ', read.IPv4!.External), string.Join(' ', read.IPv4.LoadBalancer)));
        Assert.Equal(8, _problems.Lines.Count);
        Assert.All(_problems.Lines, static line => Assert.StartsWith("Service ns/a: ", line));
    }

    [Fact]
    public void Old_addresses_with_zeros_in_front_are_read()
    {
        var service = Make.Service("a", "010.000.0.01");
        Assert.Equal(Address.Parse("10.0.0.1"), new ServiceReader(_problems).Read(service)!.IPv4!.Cluster);
    }

    private sealed class Problems : IInputLog
    {
        public List<string> Lines { get; } = [];

        public void Rejected(string kind, ObjectName name, string problem) => Lines.Add($"{kind} {name}: {problem}");
    }
}

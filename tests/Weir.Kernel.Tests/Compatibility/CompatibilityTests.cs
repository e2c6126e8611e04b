using System.Text;
using Weir.Kernel.Tests.Differential;
using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.Compatibility;

/// <summary>Every row of docs/compatibility.md, on packets. The table is written from these results (WEIR_WRITE_DOCS=1) and must agree with them.</summary>
[Collection("network")]
public sealed class CompatibilityTests
{
    /// <summary>Extensions of iptables 1.8.9 that Weir does not have yet: it must say so.</summary>
    private static readonly string[] s_refusedMatches =
    [
        "ah", "bpf", "cgroup", "cluster", "connbytes", "connlabel", "connmark", "cpu", "dccp", "devgroup", "dscp", "ecn", "esp", "hashlimit", "helper",
        "iprange", "ipvs", "length", "mac", "nfacct", "osf", "owner", "physdev", "pkttype", "policy", "quota", "rateest", "realm", "recent", "rpfilter",
        "sctp", "set", "socket", "string", "tcpmss", "time", "tos", "ttl", "u32",
    ];

    private static readonly string[] s_refusedTargets =
    [
        "AUDIT", "CHECKSUM", "CLASSIFY", "CLUSTERIP", "CONNMARK", "CONNSECMARK", "CT", "DSCP", "ECN", "HMARK", "IDLETIMER", "LED", "NETMAP", "NFLOG", "NFQUEUE",
        "NOTRACK", "RATEEST", "SECMARK", "SET", "SYNPROXY", "TCPMSS", "TCPOPTSTRIP", "TEE", "TOS", "TPROXY", "TRACE", "TTL", "ULOG",
    ];

    [Fact]
    public void Expectations_are_those_of_iptables()
    {
        var differences = Features.All().Select(f => Run(f, "iptables-legacy")).OfType<string>().ToList();
        if (differences.Count > 0) throw new XunitException(string.Join('\n', differences));
    }

    [Fact]
    public void Table_agrees_with_what_packets_do()
    {
        var table = new StringBuilder("# Compatibility\n\nWritten by the tests from what they saw packets do (`WEIR_WRITE_DOCS=1 ./test -f Compatibility`); a test fails where it is not true.\n\n");
        table.Append("A rule or service that Weir cannot apply is refused; nothing is accepted and then not applied.\n");
        var failures = new List<string>();
        foreach (var section in Features.All().GroupBy(f => f.Section))
        {
            table.Append($"\n## iptables: {section.Key.ToLowerInvariant()}\n\n| | |\n|---|---|\n".Replace(": nat", ": NAT", StringComparison.Ordinal));
            foreach (var feature in section)
            {
                var difference = Run(feature, Shell.Weir("iptables"));
                if (difference is not null) failures.Add(difference);
                table.Append($"| {feature.Name} | {(difference is null ? "yes" : "**no**")} |\n");
            }
        }
        table.Append("\n## iptables: refused\n\nExtensions of iptables 1.8.9 that Weir knows by name and refuses.\n\n");
        table.Append($"Matches: {string.Join(", ", s_refusedMatches.Select(n => Refused("-m", n, failures)))}.\n\n");
        table.Append($"Targets: {string.Join(", ", s_refusedTargets.Select(n => Refused("-j", n, failures)))}.\n");
        foreach (var section in ServiceFeatures.All().GroupBy(f => f.Section))
        {
            table.Append($"\n## ipvsadm: {section.Key}\n\n| | |\n|---|---|\n");
            foreach (var feature in section)
            {
                var difference = feature.Run();
                if (difference is not null) failures.Add(difference);
                table.Append($"| {feature.Name} | {(difference is null ? feature.Answer : "**no**")} |\n");
            }
        }
        var path = Path.Combine(Shell.Root, "docs", "compatibility.md");
        if (Environment.GetEnvironmentVariable("WEIR_WRITE_DOCS") == "1") File.WriteAllText(path, table.ToString());
        if (failures.Count > 0) throw new XunitException(string.Join('\n', failures));
        Assert.Equal(File.ReadAllText(path), table.ToString());
    }

    private static string Refused(string option, string name, List<string> failures)
    {
        using var place = new NetworkNamespace($"x{name}");
        var (code, _, error) = place.Execute([Shell.Weir("iptables"), "-A", "FORWARD", option, name]);
        if (code == 0 || !error.Contains("Weir does not support", StringComparison.Ordinal)) failures.Add($"{option} {name} was not refused as unsupported: exit {code}, {error}");
        place.Execute([Shell.Weir("weir"), "down"]);
        return name;
    }

    private static string? Run(Feature feature, string iptables)
    {
        using var router = new Router("compat");
        try
        {
            foreach (var command in feature.Commands)
            {
                var (code, _, error) = router.Namespace.Execute([iptables, .. command.Split(' ')]);
                if (code != 0) return $"{feature.Name}: '{command}' exited with {code}: {error}";
            }
            var number = 0;
            foreach (var step in feature.Steps)
            {
                number++;
                var frame = Frame.Build(step.Left ? Router.LeftRouterMac : Router.RightRouterMac, step.Left ? Router.LeftHostMac : Router.RightHostMac,
                    step.Source, step.Destination, step.Protocol, step.Segment, tos: step.TypeOfService);
                var arrived = router.Exchange(step.Left, frame, step.Outcome == "drop" ? 0 : 1);
                if (!step.Holds(arrived))
                    return $"{feature.Name}: packet {number} must '{step.Outcome}', but: {string.Join(' ', arrived.Select(Step.Describe))} ({string.Join("; ", feature.Commands)})";
            }
            return null;
        }
        finally
        {
            if (iptables.StartsWith('/')) router.Namespace.Execute([Shell.Weir("weir"), "down"]);
        }
    }
}

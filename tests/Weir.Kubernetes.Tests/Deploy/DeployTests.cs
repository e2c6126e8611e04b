using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Weir.Kubernetes.Configuration;
using Weir.Kubernetes.Yaml;

namespace Weir.Kubernetes.Tests.Deploy;

/// <summary>The files of deploy/ are what they say.</summary>
public sealed class DeployTests
{
    /// <summary>What the process asks of an API server; that it is this and no more, the test of the process says.</summary>
    public static readonly string[] Needs =
    [
        "create events.k8s.io/events", "get /nodes", "list /nodes", "list /services", "list discovery.k8s.io/endpointslices", "list networking.k8s.io/servicecidrs",
        "watch /nodes", "watch /services", "watch discovery.k8s.io/endpointslices", "watch networking.k8s.io/servicecidrs",
    ];

    /// <summary>Kubernetes 1.36's ClusterRole system:node-proxier.</summary>
    private static readonly string[] s_role =
    [
        "list /services", "watch /services", "list /endpoints", "watch /endpoints", "get /nodes", "list /nodes", "watch /nodes",
        "create /events", "patch /events", "update /events", "create events.k8s.io/events", "patch events.k8s.io/events", "update events.k8s.io/events",
        "list discovery.k8s.io/endpointslices", "watch discovery.k8s.io/endpointslices", "list networking.k8s.io/servicecidrs", "watch networking.k8s.io/servicecidrs",
    ];

    [Fact]
    public void The_role_that_is_bound_covers_what_is_asked()
    {
        var objects = Read("daemonset.yaml");
        var binding = objects.Single(each => each["kind"]!.ToString() == "ClusterRoleBinding");
        var account = objects.Single(each => each["kind"]!.ToString() == "ServiceAccount")["metadata"]!;
        Assert.Equal("system:node-proxier", binding["roleRef"]!["name"]!.ToString());
        var subject = Assert.Single((JsonArray)binding["subjects"]!)!;
        Assert.Equal((account["namespace"]!.ToString(), account["name"]!.ToString()), (subject["namespace"]!.ToString(), subject["name"]!.ToString()));
        var pod = objects.Single(each => each["kind"]!.ToString() == "DaemonSet")["spec"]!["template"]!["spec"]!;
        Assert.Equal(account["name"]!.ToString(), pod["serviceAccountName"]!.ToString());
        Assert.Empty(Needs.Except(s_role));
        // No more is bound than the system's role, which has a little more than is asked for: Endpoints, and events of the core group.
        Assert.Equal(["create /events", "list /endpoints", "patch /events", "patch events.k8s.io/events", "update /events", "update events.k8s.io/events", "watch /endpoints"], s_role.Except(Needs).Order());
    }

    [Fact]
    public void The_pod_is_on_the_node_s_network_and_its_mounts_and_flags_fit()
    {
        var daemonSet = Read("daemonset.yaml").Single(each => each["kind"]!.ToString() == "DaemonSet");
        var pod = daemonSet["spec"]!["template"]!["spec"]!;
        Assert.True(pod["hostNetwork"]!.GetValue<bool>());
        Assert.Equal(daemonSet["spec"]!["selector"]!["matchLabels"]!.ToJsonString(), daemonSet["spec"]!["template"]!["metadata"]!["labels"]!.ToJsonString());
        var container = Assert.Single((JsonArray)pod["containers"]!)!;
        Assert.Equal(((JsonArray)pod["volumes"]!).Select(each => each!["name"]!.ToString()).Order(), ((JsonArray)container["volumeMounts"]!).Select(each => each!["name"]!.ToString()).Order());
        string[] command = [.. ((JsonArray)container["command"]!).Select(each => each!.ToString())];
        Assert.Equal(["/usr/local/bin/weir", "proxy"], command[..2]);
        var line = CommandLine.Parse(command[2..]);
        Assert.Empty(line.Errors);
        Assert.Empty(line.Warnings);
        Assert.True(line.IsTakeover);
    }

    [Fact]
    public void The_unit_s_command_line_is_one()
    {
        var command = File.ReadLines(PathOf("weir-proxy.service")).Single(each => each.StartsWith("ExecStart=", StringComparison.Ordinal)).Split(' ');
        var line = CommandLine.Parse(command[2..]);
        Assert.Empty(line.Errors.Concat(line.Warnings));
        Assert.Equal("/etc/weir/services.d", line.Manifests);
    }

    private static IReadOnlyList<JsonNode> Read(string name) => YamlJson.Read(File.ReadAllText(PathOf(name)));

    private static string PathOf(string name, [CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, "../../../deploy", name);
}

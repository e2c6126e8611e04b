using System.Text.Json.Nodes;

namespace Weir.Kubernetes.Configuration;

/// <summary>One setting of kube-proxy: where it stands in KubeProxyConfiguration, by which flag it is given, and what Weir makes of it.</summary>
public abstract class Setting
{
    private protected Setting(string path, string? flag) => (Path, Flag) = (path, flag);

    /// <summary>The path in the file: ipvs.scheduler.</summary>
    public string Path { get; }

    /// <summary>The flag without its dashes, or null.</summary>
    public string? Flag { get; }

    /// <summary>Why the setting has no effect here, or null where it has one.</summary>
    public string? Unused { get; init; }

    /// <summary>Whether the flag counts with --config too.</summary>
    public bool IsFlagAlwaysRead { get; init; }

    /// <summary>Whether zero and empty in a file mean the default (fields that are no pointers in kube-proxy's type).</summary>
    public bool IsZeroDefault { get; init; }

    /// <summary>Whether the flag alone means true.</summary>
    public abstract bool IsSwitch { get; }

    internal abstract object? Default { get; }

    /// <summary>The setting as errors name it: KubeProxyConfiguration.IPVS.Scheduler is ipvs.scheduler here.</summary>
    public override string ToString() => Path;

    /// <summary>Reads a flag's value; null and what is wrong where it cannot be read.</summary>
    internal abstract (object? Value, string? Problem) FromText(string text, object? before);

    /// <summary>Reads a value of a file.</summary>
    internal abstract (object? Value, string? Problem) FromNode(JsonNode node);

    /// <summary>The value as it stands in a file.</summary>
    internal abstract JsonNode? ToNode(object? value);

    internal abstract bool IsZero(object? value);
}

using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;

namespace Weir.Kubernetes.Api;

/// <summary>A kind of objects and which of them are asked for.</summary>
/// <typeparam name="T">The kind.</typeparam>
public sealed record ApiResource<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    internal ApiResource(string group, string version, string name, JsonTypeInfo<T> json) => (Group, Version, Name, Json) = (group, version, name, json);

    /// <summary>The API group; empty for the core.</summary>
    public string Group { get; }

    /// <summary>The version of the group.</summary>
    public string Version { get; }

    /// <summary>The plural that paths, roles and log lines use.</summary>
    public string Name { get; }

    /// <summary>Only objects with these labels; empty: all.</summary>
    public string LabelSelector { get; init; } = "";

    /// <summary>Only objects with these fields; empty: all. Servers that do not know the field are asked without.</summary>
    public string FieldSelector { get; init; } = "";

    /// <summary>Whether a cluster may be without this kind: then there are none.</summary>
    public bool MayBeMissing { get; init; }

    internal JsonTypeInfo<T> Json { get; }

    /// <summary>The path of a list, without a slash at its front.</summary>
    public string Path => Group.Length == 0 ? $"api/{Version}/{Name}" : $"apis/{Group}/{Version}/{Name}";
}

using k8s;
using k8s.Models;

namespace Weir.Kubernetes.Semantics;

/// <summary>What an object of a kind is found by.</summary>
public readonly record struct ObjectName(string Namespace, string Name) : IComparable<ObjectName>
{
    /// <summary>The name of an object; what it lacks is empty.</summary>
    public static ObjectName Of(IKubernetesObject<V1ObjectMeta> value) => new(value.Metadata?.NamespaceProperty ?? "", value.Metadata?.Name ?? "");

    /// <inheritdoc/>
    public int CompareTo(ObjectName other)
    {
        var order = string.CompareOrdinal(Namespace, other.Namespace);
        return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
    }

    /// <summary>namespace/name.</summary>
    public override string ToString() => $"{Namespace}/{Name}";
}

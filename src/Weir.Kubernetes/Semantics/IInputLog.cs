namespace Weir.Kubernetes.Semantics;

/// <summary>Where input is named that cannot be used. It harms nothing but itself.</summary>
public interface IInputLog
{
    /// <summary>Names one.</summary>
    /// <param name="kind">Service, EndpointSlice, Node, ...</param>
    /// <param name="name">The object.</param>
    /// <param name="problem">What is wrong, and what becomes of it: <c>spec.externalIPs: not an address: "x"</c>.</param>
    void Rejected(string kind, ObjectName name, string problem);
}

using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>Finds the endpoints of a service port.</summary>
public static class PortEndpoints
{
    /// <summary>
    /// The endpoints of all slices at the port of the same name and protocol. An endpoint that several slices name (on its way from one to another, or
    /// because a pod got the address of one that is going away) counts once, as the one that is not going away.
    /// </summary>
    /// <param name="name">The service port.</param>
    /// <param name="family">The family.</param>
    /// <param name="slices">The Service's slices, sorted by name.</param>
    /// <param name="nodeName">This node.</param>
    public static IReadOnlyList<PortEndpoint> Of(PortName name, AddressFamily family, IReadOnlyCollection<SliceSpec> slices, string nodeName)
    {
        var result = new List<PortEndpoint>();
        var places = new Dictionary<ServerKey, int>();
        foreach (var slice in slices)
        {
            if (slice.Family != family) continue;
            foreach (var port in slice.Ports)
            {
                if (port.Name != name) continue;
                foreach (var endpoint in slice.Endpoints)
                {
                    var candidate = new PortEndpoint(endpoint, port.Port, endpoint.NodeName.Length > 0 && endpoint.NodeName == nodeName);
                    if (places.TryAdd(candidate.Key, result.Count))
                    {
                        result.Add(candidate);
                    }
                    else if (places[candidate.Key] is var place && result[place].Endpoint.IsTerminating && !endpoint.IsTerminating)
                    {
                        result[place] = candidate;
                    }
                }
            }
        }
        return result;
    }
}

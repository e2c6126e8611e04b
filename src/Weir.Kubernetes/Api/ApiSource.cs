using k8s.Models;
using Microsoft.Extensions.Logging;
using Weir.Kubernetes.Objects;

namespace Weir.Kubernetes.Api;

/// <summary>All that a Service proxy hears from an API server.</summary>
public sealed class ApiSource
{
    private readonly Reflector<V1Service> _services;
    private readonly Reflector<V1EndpointSlice> _slices;
    private readonly Reflector<V1Node> _node;
    private readonly Reflector<V1ServiceCIDR> _prefixes;

    /// <summary>A source that asks nothing before <see cref="RunAsync"/>.</summary>
    public ApiSource(ApiConnection api, IObjectSink sink, string nodeName, ILogger logger, TimeProvider? time = null, Random? random = null)
    {
        _services = new(api, ApiResources.Services, sink, logger, time, random);
        _slices = new(api, ApiResources.EndpointSlices, sink, logger, time, random);
        _node = new(api, ApiResources.Node(nodeName), sink, logger, time, random);
        _prefixes = new(api, ApiResources.ServiceCidrs, sink, logger, time, random);
    }

    /// <summary>Objects that could not be read, by kind.</summary>
    public IReadOnlyList<(string Resource, long Count)> Ignored =>
    [
        (ApiResources.Services.Name, _services.Ignored), (ApiResources.EndpointSlices.Name, _slices.Ignored),
        ("nodes", _node.Ignored), (ApiResources.ServiceCidrs.Name, _prefixes.Ignored),
    ];

    /// <summary>When the server last sent services or endpoints, or null before the first time.</summary>
    public DateTimeOffset? LastHeard => _services.LastHeard > _slices.LastHeard ? _services.LastHeard : _slices.LastHeard ?? _services.LastHeard;

    /// <summary>Runs until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) =>
        Task.WhenAll(_services.RunAsync(cancellation), _slices.RunAsync(cancellation), _node.RunAsync(cancellation), _prefixes.RunAsync(cancellation));
}

using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Weir.Kubernetes.Engine;
using Weir.Model;
using AddressFamily = Weir.Model.AddressFamily;

namespace Weir.Kubernetes.Serving;

/// <summary>
/// Listens on the health-check node ports of services with externalTrafficPolicy Local, on each address that node ports are on: load balancers ask there which
/// nodes have endpoints.
/// </summary>
public sealed class HealthCheckPorts : IAsyncDisposable
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(30);

    private readonly IProxyStatus _status;
    private readonly ProxyHealth _health;
    private readonly ILogger _logger;
    private readonly Func<HealthCheck, string, Task> _failed;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _changed = new(1);
    private readonly Dictionary<(Address Address, ushort Port), HttpServer> _servers = [];
    private readonly HashSet<(Address Address, ushort Port)> _refused = [];

    /// <summary>Ports that are opened with <see cref="RunAsync"/>.</summary>
    /// <param name="status">Which ports there are to be.</param>
    /// <param name="health">Of the proxy.</param>
    /// <param name="logger">Where failures are named.</param>
    /// <param name="failed">Told once of a port that cannot be opened, with the reason.</param>
    /// <param name="time">The clock.</param>
    public HealthCheckPorts(IProxyStatus status, ProxyHealth health, ILogger logger, Func<HealthCheck, string, Task> failed, TimeProvider? time = null)
    {
        _status = status;
        _health = health;
        _logger = logger;
        _failed = failed;
        _time = time ?? TimeProvider.System;
        status.HealthChecksChanged += OnChanged;
    }

    /// <summary>Follows the changes until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                // What could not be opened is tried again: another may have closed it.
                using var limit = new CancellationTokenSource(s_retry, _time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
                try
                {
                    await _changed.WaitAsync(either.Token);
                }
                catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
                {
                }
                await UpdateAsync();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Closes all.</summary>
    public async ValueTask DisposeAsync()
    {
        _status.HealthChecksChanged -= OnChanged;
        foreach (var server in _servers.Values) await server.DisposeAsync();
        _servers.Clear();
    }

    private void OnChanged() => _changed.Release();

    private async Task UpdateAsync()
    {
        var wanted = _status.HealthChecks.SelectMany(check => _status.NodePortAddresses.Where(address => address.Family == check.Family).Select(address => (Key: (Address: address, check.Port), Check: check)))
            .DistinctBy(each => each.Key).ToDictionary(each => each.Key, each => each.Check);
        foreach (var key in _servers.Keys.Where(key => !wanted.ContainsKey(key)).ToArray())
        {
            _servers.Remove(key, out var server);
            await server!.DisposeAsync();
        }
        _refused.RemoveWhere(key => !wanted.ContainsKey(key));
        foreach (var (key, check) in wanted)
        {
            if (_servers.ContainsKey(key)) continue;
            try
            {
                _servers[key] = new HttpServer(new IPEndPoint(IPAddress.Parse(key.Address.ToString()), key.Port), _ => Answer(key.Address.Family, key.Port));
                _refused.Remove(key);
            }
            catch (SocketException problem)
            {
                if (!_refused.Add(key)) continue;
                var note = $"node {key.Address} failed to start healthcheck \"{check.Namespace}/{check.Name}\" on port {key.Port}: {problem.Message}";
                _logger.LogError("{problem}", note);
                await _failed(check, note);
            }
        }
    }

    private HttpAnswer Answer(AddressFamily family, ushort port)
    {
        if (_status.HealthChecks.FirstOrDefault(each => each.Family == family && each.Port == port) is not { } check) return HttpAnswer.NotFound;
        var isHealthy = _health.IsHealthy;
        var body = $$$"""{"service":{"namespace":"{{{check.Namespace}}}","name":"{{{check.Name}}}"},"localEndpoints":{{{check.LocalEndpoints}}},"serviceProxyHealthy":{{{(isHealthy ? "true" : "false")}}}}""";
        return new(check.LocalEndpoints > 0 && isHealthy ? 200 : 503, body, "application/json")
        {
            Headers = ["X-Content-Type-Options: nosniff", $"X-Load-Balancing-Endpoint-Weight: {check.LocalEndpoints}"],
        };
    }
}

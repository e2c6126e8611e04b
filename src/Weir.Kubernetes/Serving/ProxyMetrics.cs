using System.Reflection;
using Weir.Kubernetes.Engine;

namespace Weir.Kubernetes.Serving;

/// <summary>
/// The metrics of kube-proxy that have a meaning here, with its names, labels and buckets, and Weir's own. Both families are kept by one proxy, so what is
/// per family is the same for both.
/// </summary>
public sealed class ProxyMetrics : IDisposable
{
    private static readonly string[] s_families = ["ip_family=\"IPv4\"", "ip_family=\"IPv6\""];

    private readonly IProxyStatus _status;
    private readonly ProxyHealth _health;
    private readonly Func<DataPathStatus?> _dataPath;
    private readonly Func<IReadOnlyList<(string Resource, long Count)>> _ignored;
    private readonly double _started;
    private readonly Histogram _sync = new(Histogram.WorkBounds);
    private readonly Histogram _full = new(Histogram.WorkBounds);
    private readonly Histogram _partial = new(Histogram.WorkBounds);
    private readonly Histogram _programming = new(Histogram.WaitBounds);
    private long _failures;
    private long _refused;
    private long _changes;

    /// <summary>Metrics of a proxy.</summary>
    /// <param name="status">The proxy.</param>
    /// <param name="health">Its health.</param>
    /// <param name="dataPath">Reads what the data path says; null where there is none.</param>
    /// <param name="ignored">Objects that could not be read, by kind.</param>
    public ProxyMetrics(IProxyStatus status, ProxyHealth health, Func<DataPathStatus?> dataPath, Func<IReadOnlyList<(string Resource, long Count)>> ignored)
    {
        _status = status;
        _health = health;
        _dataPath = dataPath;
        _ignored = ignored;
        _started = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        status.Synchronized += OnSynchronized;
    }

    /// <summary>Requests to the API server.</summary>
    public LabeledCounter Requests { get; } = new("code", "host", "method");

    /// <inheritdoc/>
    public void Dispose() => _status.Synchronized -= OnSynchronized;

    /// <summary>All of them as text.</summary>
    public string Write()
    {
        var text = new MetricsText();
        WriteProxy(text);
        WriteOwn(text);
        WriteProcess(text);
        return text.ToString();
    }

    private void OnSynchronized(SyncReport report)
    {
        var seconds = report.Duration.TotalSeconds;
        _sync.Observe(seconds);
        (report.IsFull ? _full : _partial).Observe(seconds);
        foreach (var each in report.ProgrammingDurations) _programming.Observe(each.TotalSeconds);
        if (report.IsFailed) Interlocked.Increment(ref _failures);
        Interlocked.Add(ref _refused, report.Failed);
        Interlocked.Add(ref _changes, report.Changed);
    }

    private void WriteProxy(MetricsText text)
    {
        Write(text, "kubeproxy_sync_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds", _sync);
        Write(text, "kubeproxy_sync_full_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds for full resyncs", _full);
        Write(text, "kubeproxy_sync_partial_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds for partial resyncs", _partial);
        Write(text, "kubeproxy_network_programming_duration_seconds", "In Cluster Network Programming Latency in seconds", _programming);
        EachFamily(text.Metric("kubeproxy_sync_proxy_rules_last_timestamp_seconds", "gauge", "The last time proxy rules were successfully synced"), Seconds(_status.LastSync));
        EachFamily(text.Metric("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", "gauge", "The last time a sync of proxy rules was queued"), Seconds(_status.LastQueued));
        text.Metric("kubeproxy_sync_proxy_rules_endpoint_changes_pending", "gauge", "Pending proxy rules Endpoint changes").Sample("", _status.EndpointChanges.Pending);
        text.Metric("kubeproxy_sync_proxy_rules_endpoint_changes_total", "counter", "Cumulative proxy rules Endpoint changes").Sample("", _status.EndpointChanges.Total);
        text.Metric("kubeproxy_sync_proxy_rules_service_changes_pending", "gauge", "Pending proxy rules Service changes").Sample("", _status.ServiceChanges.Pending);
        text.Metric("kubeproxy_sync_proxy_rules_service_changes_total", "counter", "Cumulative proxy rules Service changes").Sample("", _status.ServiceChanges.Total);
        var none = _status.NoLocalEndpoints;
        text.Metric("kubeproxy_sync_proxy_rules_no_local_endpoints_total", "gauge", "Number of services with a Local traffic policy and no endpoints")
            .Sample("ip_family=\"IPv4\",traffic_policy=\"internal\"", none.InternalIPv4).Sample("ip_family=\"IPv4\",traffic_policy=\"external\"", none.ExternalIPv4)
            .Sample("ip_family=\"IPv6\",traffic_policy=\"internal\"", none.InternalIPv6).Sample("ip_family=\"IPv6\",traffic_policy=\"external\"", none.ExternalIPv6);
        text.Metric("kubeproxy_proxy_healthz_total", "counter", "Cumulative proxy healthz HTTP status").Samples(_health.Healthz);
        text.Metric("kubeproxy_proxy_livez_total", "counter", "Cumulative proxy livez HTTP status").Samples(_health.Livez);
        text.Metric("rest_client_requests_total", "counter", "Number of HTTP requests, partitioned by status code, method, and host.").Samples(Requests);
    }

    private void WriteOwn(MetricsText text)
    {
        text.Metric("weir_build_info", "gauge", "Which build runs")
            .Sample($"version=\"{Assembly.GetEntryAssembly()?.GetName().Version?.ToString(3)}\"", 1);
        text.Metric("weir_sync_failures_total", "counter", "Synchronisations that went wrong as a whole").Sample("", Interlocked.Read(ref _failures));
        text.Metric("weir_programming_errors_total", "counter", "Virtual services that the data path refused").Sample("", Interlocked.Read(ref _refused));
        text.Metric("weir_services_changed_total", "counter", "Virtual services that were set or removed").Sample("", Interlocked.Read(ref _changes));
        text.Metric("weir_rejected_inputs_total", "counter", "Fields of objects that could not be used").Sample("", _status.RejectedInputs);
        text.Metric("weir_ignored_objects_total", "counter", "Objects that could not be read at all");
        foreach (var (resource, count) in _ignored()) text.Sample($"resource=\"{resource}\"", count);
        if (_dataPath() is not { } path) return;
        text.Metric("weir_table_entries", "gauge", "Entries of a table of the data path");
        foreach (var table in path.Tables) text.Sample($"table=\"{table.Name}\"", table.Entries);
        text.Metric("weir_table_capacity", "gauge", "How many entries a table of the data path can have");
        foreach (var table in path.Tables) text.Sample($"table=\"{table.Name}\"", table.Capacity);
        text.Metric("weir_datapath_events_total", "counter", "What the data path counted besides rules");
        foreach (var (name, count) in path.Counts) text.Sample($"event=\"{name}\"", count);
    }

    private void WriteProcess(MetricsText text)
    {
        // /proc/self/stat and its siblings, as Go's collector reads them.
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        text.Metric("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.").Sample("", process.TotalProcessorTime.TotalSeconds);
        text.Metric("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.").Sample("", process.WorkingSet64);
        text.Metric("process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.").Sample("", process.VirtualMemorySize64);
        text.Metric("process_open_fds", "gauge", "Number of open file descriptors.").Sample("", Directory.GetFiles("/proc/self/fd").Length);
        text.Metric("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.").Sample("", _started);
    }

    private static void Write(MetricsText text, string name, string help, Histogram histogram)
    {
        text.Metric(name, "histogram", help);
        foreach (var family in s_families) histogram.Write(text, family);
    }

    private static void EachFamily(MetricsText text, double value)
    {
        foreach (var family in s_families) text.Sample(family, value);
    }

    private static double Seconds(DateTimeOffset? time) => time is { } at ? at.ToUnixTimeMilliseconds() / 1000.0 : 0;
}

using System.Globalization;
using System.Runtime.InteropServices;
using k8s.Models;
using Weir.Kubernetes.Objects;
using Weir.Kubernetes.Semantics;
using Weir.Model;

namespace Weir.Kubernetes.Engine;

/// <summary>
/// The present objects, reduced to what a proxy cares about, and which Services their changes concern. An object that comes again as it was is no
/// change. Every member may be called from any thread.
/// </summary>
/// <param name="nodeName">The Node that matters.</param>
/// <param name="log">Where bad parts are named.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Called after a change.</param>
internal sealed class ObjectCache(string nodeName, IInputLog log, TimeProvider time, Action changed) : IObjectSink
{
    private readonly Lock _lock = new();
    private readonly DateTimeOffset _start = time.GetUtcNow();
    private readonly ServiceReader _serviceReader = new(log);
    private readonly SliceReader _sliceReader = new(log);
    private readonly Dictionary<ObjectName, ServiceSpec> _services = [];
    private readonly Dictionary<ObjectName, SliceSpec> _slices = [];
    private readonly Dictionary<ObjectName, SliceSpec[]> _slicesOf = [];
    private readonly Dictionary<ObjectName, ValueList<AddressMask>> _serviceCidrs = [];
    private readonly HashSet<ObjectName> _changedServices = [], _changedSlices = [], _touched = [];
    private readonly List<DateTimeOffset> _triggers = [];
    private long _serviceChanges, _sliceChanges;
    private bool _hasServices, _hasSlices, _hasNode, _hasChanges;
    private DateTimeOffset? _since, _lastQueued;
    private string _zone = "";
    private bool _isNodeEligible = true;

    /// <summary>Whether all Services and all slices have been there once.</summary>
    public bool IsSynced => Read(() => _hasServices && _hasSlices);

    public bool HasChanges => Read(() => _hasChanges);

    public ChangeCount ServiceChanges => Read(() => new ChangeCount(_changedServices.Count, _serviceChanges));

    public ChangeCount SliceChanges => Read(() => new ChangeCount(_changedSlices.Count, _sliceChanges));

    public DateTimeOffset? Since => Read(() => _since);

    public DateTimeOffset? LastQueued => Read(() => _lastQueued);

    public string Zone => Read(() => _zone);

    public bool IsNodeEligible => Read(() => _isNodeEligible);

    /// <summary>The prefixes of all ServiceCIDRs, sorted.</summary>
    public ValueList<AddressMask> ServicePrefixes => Read<ValueList<AddressMask>>(() =>
        [.. _serviceCidrs.Values.SelectMany(static prefixes => prefixes.Items).Distinct().OrderBy(static prefix => prefix.Address).ThenBy(static prefix => prefix.PrefixLength)]);

    /// <summary>What has changed since the last call; it then waits no more.</summary>
    /// <param name="all">Whether all Services are wanted, changed or not.</param>
    public ObjectChanges Take(bool all)
    {
        lock (_lock)
        {
            if (all) _touched.UnionWith(_services.Keys);
            var services = new List<TouchedService>(_touched.Count);
            foreach (var name in _touched)
            {
                services.Add(new TouchedService(name, _services.GetValueOrDefault(name), _slicesOf.GetValueOrDefault(name, [])));
            }
            var result = new ObjectChanges { Services = services, Since = _since, Triggers = [.. _triggers] };
            _touched.Clear();
            _changedServices.Clear();
            _changedSlices.Clear();
            _triggers.Clear();
            _since = null;
            _hasChanges = false;
            return result;
        }
    }

    public void Replace(IReadOnlyList<V1Service> objects)
    {
        var present = new Dictionary<ObjectName, ServiceSpec>(objects.Count);
        foreach (var service in objects)
        {
            if (_serviceReader.Read(service) is { } spec) present[spec.Name] = spec;
        }
        Change(() =>
        {
            var isFirst = !_hasServices;
            _hasServices = true;
            var count = 0;
            foreach (var name in _services.Keys.Where(name => !present.ContainsKey(name)).ToList()) count += PutService(name, null) ? 1 : 0;
            foreach (var (name, spec) in present) count += PutService(name, spec) ? 1 : 0;
            return isFirst || count > 0;
        });
    }

    public void Replace(IReadOnlyList<V1EndpointSlice> objects)
    {
        var present = new Dictionary<ObjectName, (SliceSpec Spec, V1EndpointSlice Slice)>(objects.Count);
        foreach (var slice in objects)
        {
            if (_sliceReader.Read(slice) is { } spec) present[spec.Name] = (spec, slice);
        }
        Change(() =>
        {
            var isFirst = !_hasSlices;
            _hasSlices = true;
            var count = 0;
            foreach (var name in _slices.Keys.Where(name => !present.ContainsKey(name)).ToList()) count += PutSlice(name, null, null) ? 1 : 0;
            foreach (var (name, (spec, slice)) in present) count += PutSlice(name, spec, slice) ? 1 : 0;
            return isFirst || count > 0;
        });
    }

    public void Replace(IReadOnlyList<V1Node> objects) => SetNode(objects.FirstOrDefault(IsOurs));

    public void Replace(IReadOnlyList<V1ServiceCIDR> objects)
    {
        var present = new Dictionary<ObjectName, ValueList<AddressMask>>();
        foreach (var cidr in objects) present[ObjectName.Of(cidr)] = Prefixes(cidr);
        Change(() =>
        {
            var isChange = present.Count != _serviceCidrs.Count || present.Any(pair => !_serviceCidrs.TryGetValue(pair.Key, out var old) || old != pair.Value);
            _serviceCidrs.Clear();
            foreach (var (name, prefixes) in present) _serviceCidrs.Add(name, prefixes);
            return isChange;
        });
    }

    public void Set(V1Service changed)
    {
        var spec = _serviceReader.Read(changed);
        Change(() => PutService(ObjectName.Of(changed), spec));
    }

    public void Set(V1EndpointSlice changed)
    {
        var spec = _sliceReader.Read(changed);
        Change(() => PutSlice(ObjectName.Of(changed), spec, changed));
    }

    public void Set(V1Node changed)
    {
        if (IsOurs(changed)) SetNode(changed);
    }

    public void Set(V1ServiceCIDR changed)
    {
        var name = ObjectName.Of(changed);
        var prefixes = Prefixes(changed);
        Change(() =>
        {
            if (_serviceCidrs.TryGetValue(name, out var old) && old == prefixes) return false;
            _serviceCidrs[name] = prefixes;
            return true;
        });
    }

    public void Remove(V1Service removed) => Change(() => PutService(ObjectName.Of(removed), null));

    public void Remove(V1EndpointSlice removed) => Change(() => PutSlice(ObjectName.Of(removed), null, null));

    public void Remove(V1Node removed)
    {
        if (IsOurs(removed)) SetNode(null);
    }

    public void Remove(V1ServiceCIDR removed) => Change(() => _serviceCidrs.Remove(ObjectName.Of(removed)));

    private bool IsOurs(V1Node node) => node.Metadata?.Name == nodeName;

    private T Read<T>(Func<T> read)
    {
        lock (_lock) return read();
    }

    /// <summary>Makes a change under the lock; says so where it was one.</summary>
    private void Change(Func<bool> change)
    {
        lock (_lock)
        {
            if (!change()) return;
            _hasChanges = true;
            _lastQueued = time.GetUtcNow();
            _since ??= _lastQueued;
        }
        changed();
    }

    private bool PutService(ObjectName name, ServiceSpec? spec)
    {
        if (Equals(_services.GetValueOrDefault(name), spec)) return false;
        if (spec is null) _services.Remove(name);
        else _services[name] = spec;
        _serviceChanges++;
        _changedServices.Add(name);
        _touched.Add(name);
        return true;
    }

    private bool PutSlice(ObjectName name, SliceSpec? spec, V1EndpointSlice? slice)
    {
        var old = _slices.GetValueOrDefault(name);
        if (Equals(old, spec)) return false;
        if (old is not null) RemoveSlice(old);
        if (spec is not null)
        {
            _slices[name] = spec;
            ref var slices = ref CollectionsMarshal.GetValueRefOrAddDefault(_slicesOf, spec.Service, out _);
            slices = [.. (slices ?? []).Append(spec).OrderBy(static s => s.Name)];
            _touched.Add(spec.Service);
        }
        _sliceChanges++;
        _changedSlices.Add(name);
        if (Trigger(slice) is { } trigger && trigger > _start) _triggers.Add(trigger);
        return true;
    }

    private void RemoveSlice(SliceSpec old)
    {
        _slices.Remove(old.Name);
        var rest = _slicesOf[old.Service].Where(slice => slice.Name != old.Name).ToArray();
        if (rest.Length == 0) _slicesOf.Remove(old.Service);
        else _slicesOf[old.Service] = rest;
        _touched.Add(old.Service);
    }

    private static DateTimeOffset? Trigger(V1EndpointSlice? slice) =>
        slice?.Metadata?.Annotations?.TryGetValue(Labels.LastChangeTriggerTime, out var text) == true
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var trigger) ? trigger : null;

    private void SetNode(V1Node? node)
    {
        var zone = node?.Metadata?.Labels?.TryGetValue(Labels.Zone, out var text) == true ? text ?? "" : "";
        var isEligible = node is not null && node.Metadata?.DeletionTimestamp is null && node.Spec?.Taints?.Any(static taint => taint?.Key == Labels.ToBeDeletedTaint) != true;
        Change(() =>
        {
            var isChange = zone != _zone;
            _zone = zone;
            // A node that never had an object (manifests without one) is as good as any.
            _isNodeEligible = node is null ? !_hasNode : isEligible;
            _hasNode |= node is not null;
            return isChange;
        });
    }

    private ValueList<AddressMask> Prefixes(V1ServiceCIDR cidr)
    {
        var result = new List<AddressMask>();
        foreach (var text in cidr.Spec?.Cidrs ?? [])
        {
            if (Fields.TryPrefix(text, out var prefix)) result.Add(prefix);
            else log.Rejected("ServiceCIDR", ObjectName.Of(cidr), $"spec.cidrs: not a prefix: \"{text}\"");
        }
        return [.. result];
    }
}

using Weir.Bpf.Linux;
using Weir.Control.Instances;

namespace Weir.Control.Services;

/// <summary>The lock, the instance and its tables, for one change or several.</summary>
internal sealed class ServiceSession(StateFolder folder, Action? ended = null) : IDisposable
{
    private readonly FileLock _held = folder.TakeLock(null)!;
    private Instance? _instance;
    private ServiceTables? _tables;

    /// <summary>null: there is no instance, and none is made.</summary>
    public (Instance Instance, ServiceTables Tables)? TryOpen(bool makes, bool refreshes = true)
    {
        if (_tables is null)
        {
            _instance = Instance.TryOpenCurrent(folder, _held);
            if (_instance is null && !makes) return null;
            _instance ??= Instance.Create(folder, _held);
            if (refreshes) Refresh();
            _tables = new ServiceTables(_instance);
        }
        return (_instance!, _tables);
    }

    /// <summary>Brings devices up to date.</summary>
    public void Refresh() => _instance!.Refresh(_held);

    public void Dispose()
    {
        _tables?.Dispose();
        _instance?.Dispose();
        _held.Dispose();
        ended?.Invoke();
    }
}

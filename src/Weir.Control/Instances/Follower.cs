using Weir.Bpf.Kernel;
using Weir.Bpf.Linux;
using Weir.Bpf.Maps;
using Weir.Bpf.Netlink;
using Weir.Control.Log;
using Weir.DataPath;

namespace Weir.Control.Instances;

/// <summary>
/// What needs time to pass: prints LOG events, and covers devices and addresses as they come and go. It keeps nothing of its own, so it may end and begin
/// again at any time; it waits where no rules have been loaded yet, and finds a new instance after <c>weir down</c>.
/// </summary>
public sealed class Follower : IDisposable
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(100);

    private readonly StateFolder _folder;
    private readonly TextWriter _log;
    private readonly bool _followsDevices;
    private readonly Poller _wake = new();
    private readonly Dictionary<uint, string> _names = [];
    private volatile bool _ends;

    /// <summary>Prints to <paramref name="log"/>; <paramref name="followsDevices"/> says whether devices are covered too.</summary>
    public Follower(StateFolder folder, TextWriter log, bool followsDevices)
    {
        _folder = folder;
        _log = log;
        _followsDevices = followsDevices;
    }

    /// <summary>Runs until <see cref="End"/>.</summary>
    public void Run()
    {
        while (!_ends)
        {
            using var instance = Instance.TryOpen(_folder);
            if (instance is null) _wake.Wait(s_look);
            else Follow(instance);
        }
    }

    /// <summary>Ends <see cref="Run"/>; any thread may call it.</summary>
    public void End()
    {
        _ends = true;
        _wake.Wake();
    }

    /// <inheritdoc/>
    public void Dispose() => _wake.Dispose();

    private void Follow(Instance instance)
    {
        // Who only prints does so alone, and before a daemon, which gives way.
        using var alone = _followsDevices ? null : _folder.TakeLog(s_look);
        if (alone is null && !_followsDevices)
        {
            if (!Directory.Exists(instance.Pins)) return;
            throw new InstanceException("the packets are printed by another weir log");
        }
        // Subscribed before looking, so nothing that happens in between is missed.
        using var changes = RouteSocket.Subscribe();
        using var socket = new RouteSocket();
        using var events = instance.Map(nameof(Maps.LogEvents)).OpenRingBuffer();
        var listens = false;
        _wake.Add(changes.Descriptor, changes);
        NameDevices(socket);
        if (_followsDevices) Cover(instance);
        while (!_ends && Directory.Exists(instance.Pins))
        {
            if (!listens && TryPrint(events, alone))
            {
                _wake.Add(events.Map.Descriptor, events);
                listens = true;
            }
            // Events name devices as they are called now, so changes are read first.
            var ready = _wake.Wait(s_look);
            if (ready.Contains(changes))
            {
                var heard = changes.ReadChanges();
                // A new device is covered at once; of addresses many come together (kube-ipvs0 has one for each service), and to look at them costs with their number.
                if (heard is { IsIncomplete: false, Changed.Count: 0, Removed.Count: 0 }) Thread.Sleep(s_settle);
                NameDevices(socket);
                if (_followsDevices) Cover(instance);
            }
            if (ready.Contains(events) && !TryPrint(events, alone))
            {
                _wake.Remove(events.Map.Descriptor);
                listens = false;
            }
        }
    }

    /// <summary>Prints what has come; false where that is another's to do now.</summary>
    private bool TryPrint(BpfRingBuffer events, FileLock? alone)
    {
        using var turn = alone is null ? _folder.TakeLog(TimeSpan.Zero) : null;
        if (alone is null && turn is null) return false;
        events.Drain(Print);
        return true;
    }

    private void Cover(Instance instance)
    {
        using var held = _folder.TakeLock(null);
        // weir down may have been first.
        if (held is not null && Directory.Exists(instance.Pins)) instance.Refresh(held);
    }

    private void NameDevices(RouteSocket socket)
    {
        // Names of devices that are gone stay: their last packets may still be in the buffer.
        foreach (var device in socket.Devices()) _names[device.IfIndex] = device.Name;
    }

    private void Print(ReadOnlySpan<byte> record)
    {
        if (record.Length < System.Runtime.CompilerServices.Unsafe.SizeOf<LogEvent>()) return;
        var log = System.Runtime.InteropServices.MemoryMarshal.Read<LogEvent>(record);
        _log.Write(KernelLogFormat.Format(log, NameOf(log.InIfIndex), NameOf(log.OutIfIndex)) + "\n");
        _log.Flush();
    }

    private string NameOf(uint index) => _names.TryGetValue(index, out var name) ? name : $"if{index}";
}

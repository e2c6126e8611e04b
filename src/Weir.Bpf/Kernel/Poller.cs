using System.Runtime.InteropServices;

namespace Weir.Bpf.Kernel;

/// <summary>Waits for any of several sources (ring buffers, netlink sockets): epoll, with a way to wake the waiting thread.</summary>
public sealed unsafe class Poller : IDisposable
{
    private readonly Descriptor _epoll;
    private readonly Descriptor _wake;
    private readonly List<object> _sources = [];

    public Poller()
    {
        const int closeOnExec = 0x80000, nonBlocking = 0x800;
        _epoll = new Descriptor(Libc.EpollCreate(closeOnExec));
        if (_epoll.IsInvalid) throw new BpfException("create epoll", Libc.LastError);
        _wake = new Descriptor(Libc.EventDescriptor(0, closeOnExec | nonBlocking));
        if (_wake.IsInvalid) throw new BpfException("create eventfd", Libc.LastError);
        Add(_wake, this);
    }

    /// <summary>Waits for this source too; <paramref name="source"/> is what <see cref="Wait"/> gives when it can be read.</summary>
    public void Add(Descriptor descriptor, object source)
    {
        using var epoll = _epoll.Use();
        using var target = descriptor.Use();
        var settings = new Event { Events = 1, Data = (ulong)_sources.Count };
        var result = RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? Libc.EpollControl(epoll.Value, 1, target.Value, &settings)
            : Control(epoll.Value, target.Value, settings);
        if (result != 0) throw new BpfException("add to epoll", Libc.LastError);
        _sources.Add(source);
    }

    /// <summary>Waits for this source no more; it may be added again.</summary>
    public void Remove(Descriptor descriptor)
    {
        using var epoll = _epoll.Use();
        using var target = descriptor.Use();
        if (Libc.EpollControl(epoll.Value, 2, target.Value, null) != 0) throw new BpfException("remove from epoll", Libc.LastError);
    }

    /// <summary>Waits until a source can be read or <see cref="Wake"/> is called, at most the given time (null: forever). Returns the sources that can be read.</summary>
    public IReadOnlyList<object> Wait(TimeSpan? timeout)
    {
        var isPacked = RuntimeInformation.ProcessArchitecture == Architecture.X64;
        var stride = isPacked ? sizeof(Event) : sizeof(AlignedEvent);
        var buffer = stackalloc byte[16 * sizeof(AlignedEvent)];
        using var epoll = _epoll.Use();
        var milliseconds = timeout == null ? -1 : (int)Math.Clamp(Math.Ceiling(timeout.Value.TotalMilliseconds), 0, int.MaxValue);
        var count = Libc.EpollWait(epoll.Value, buffer, 16, milliseconds);
        if (count < 0)
        {
            var errno = Libc.LastError;
            if (errno == Errno.EINTR) return [];
            throw new BpfException("wait on epoll", errno);
        }
        var ready = new List<object>(count);
        for (var i = 0; i < count; i++)
        {
            var data = isPacked ? ((Event*)(buffer + i * stride))->Data : ((AlignedEvent*)(buffer + i * stride))->Data;
            if (data != 0)
            {
                ready.Add(_sources[(int)data]);
                continue;
            }
            ulong counter;
            using var wake = _wake.Use();
            _ = Libc.Read(wake.Value, &counter, 8);
        }
        return ready;
    }

    /// <summary>Ends a <see cref="Wait"/>, also the next one. Any thread may call it.</summary>
    public void Wake()
    {
        ulong one = 1;
        using var wake = _wake.Use();
        _ = Libc.Write(wake.Value, &one, 8);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }

    private static int Control(int epoll, int target, Event settings)
    {
        var aligned = new AlignedEvent { Events = settings.Events, Data = settings.Data };
        return Libc.EpollControl(epoll, 1, target, &aligned);
    }

    // struct epoll_event is packed on x86-64 only.
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Event
    {
        public uint Events;
        public ulong Data;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct AlignedEvent
    {
        public uint Events;
        public ulong Data;
    }
}

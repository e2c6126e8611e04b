using System.Runtime.ExceptionServices;

namespace Weir.Bpf.Kernel;

/// <summary>Network namespaces: which one a thread is in, and work done in another.</summary>
public static unsafe class NetworkNamespace
{
    private const int CloneNewNetwork = 0x40000000;

    /// <summary>The cookie of this thread's network namespace, which programs get from bpf_get_netns_cookie (SO_NETNS_COOKIE, Linux 5.14).</summary>
    public static ulong Cookie
    {
        get
        {
            const int socketLevel = 1, netnsCookie = 71, datagram = 2, closeOnExec = 0x80000, inet = 2;
            using var socket = new Descriptor(Libc.Socket(inet, datagram | closeOnExec, 0));
            if (socket.IsInvalid) throw new BpfException("create a socket", Libc.LastError);
            using var use = socket.Use();
            ulong cookie;
            uint length = 8;
            if (Libc.GetSocketOption(use.Value, socketLevel, netnsCookie, &cookie, &length) != 0) throw new BpfException("get the namespace's cookie", Libc.LastError);
            return cookie;
        }
    }

    /// <summary>The inode number of this thread's network namespace (the number in <c>net:[4026531840]</c>).</summary>
    public static ulong Inode
    {
        get
        {
            var target = new FileInfo("/proc/thread-self/ns/net").LinkTarget ?? throw new BpfException("read /proc/thread-self/ns/net", Errno.ENOENT);
            return ulong.Parse(target.AsSpan(target.IndexOf('[') + 1).TrimEnd(']'));
        }
    }

    /// <summary>Runs the function on a thread of its own in the namespace of this path (<c>/run/netns/NAME</c>, <c>/proc/PID/ns/net</c>).</summary>
    public static T Run<T>(string path, Func<T> function)
    {
        const int closeOnExec = 0x80000;
        T result = default!;
        Exception? failure = null;
        using var descriptor = new Descriptor(Libc.Open(path, closeOnExec, 0));
        if (descriptor.IsInvalid) throw new BpfException($"open '{path}'", Libc.LastError);
        var thread = new Thread(() =>
        {
            try
            {
                using (var use = descriptor.Use())
                {
                    if (Libc.SetNamespace(use.Value, CloneNewNetwork) != 0) throw new BpfException($"enter namespace '{path}'", Libc.LastError);
                }
                result = function();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        if (failure != null) ExceptionDispatchInfo.Throw(failure);
        return result;
    }

    /// <inheritdoc cref="Run{T}"/>
    public static void Run(string path, Action action) => Run(path, () =>
    {
        action();
        return 0;
    });
}

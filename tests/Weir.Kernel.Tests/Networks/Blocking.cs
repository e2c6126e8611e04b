using System.Net;
using System.Net.Sockets;

namespace Weir.Kernel.Tests.Networks;

/// <summary>Sockets that block, and who waits for them.</summary>
internal static class Blocking
{
    /// <summary>A TCP socket that listens, in the namespace of the thread.</summary>
    public static Socket Listen(IPEndPoint endpoint)
    {
        var listener = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(endpoint);
        listener.Listen();
        return listener;
    }

    /// <summary>Runs what blocks on a thread of its own: the servers' answers need those of the pool.</summary>
    public static Task<T> Run<T>(Func<T> action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}

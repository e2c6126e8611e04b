using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Weir.Kernel.Tests.Networks;

/// <summary>A server in a namespace that tells its name to who connects, and to who sends a datagram, until it is disposed.</summary>
internal sealed class NamedServer : IDisposable
{
    private readonly Socket _listener;
    private readonly Socket _datagrams;
    private readonly byte[] _name;
    private readonly bool _tellsLength;
    private readonly List<Socket> _accepted = [];

    /// <summary>With <paramref name="tellsLength"/> the answer to a datagram also says how long it was.</summary>
    public NamedServer(NetworkNamespace place, string name, string address, int port, bool tellsLength = false)
    {
        _tellsLength = tellsLength;
        _name = Encoding.ASCII.GetBytes(name);
        var endpoint = new IPEndPoint(IPAddress.Parse(address), port);
        (_listener, _datagrams) = place.Inside(() =>
        {
            var listener = Blocking.Listen(endpoint);
            var datagrams = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            datagrams.Bind(endpoint);
            return (listener, datagrams);
        });
        _ = Task.Run(AcceptAsync);
        _ = Task.Run(AnswerAsync);
    }

    /// <summary>Who asked last, as the server sees it.</summary>
    public IPEndPoint? LastClient { get; private set; }

    public void Dispose()
    {
        _listener.Dispose();
        _datagrams.Dispose();
        lock (_accepted)
        {
            foreach (var socket in _accepted) socket.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                lock (_accepted) _accepted.Add(socket);
                LastClient = (IPEndPoint?)socket.RemoteEndPoint;
                await socket.SendAsync(_name);
                // Closed when the client closes.
                _ = Task.Run(async () =>
                {
                    var buffer = new byte[64];
                    try
                    {
                        while (await socket.ReceiveAsync(buffer) > 0)
                        {
                        }
                    }
                    catch (SocketException)
                    {
                        // Reset by the client.
                    }
                    catch (ObjectDisposedException)
                    {
                        // The server ends.
                    }
                    socket.Dispose();
                });
            }
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task AnswerAsync()
    {
        var buffer = new byte[65536];
        var any = new IPEndPoint(_datagrams.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        try
        {
            while (true)
            {
                var received = await _datagrams.ReceiveFromAsync(buffer, any);
                LastClient = (IPEndPoint)received.RemoteEndPoint;
                byte[] answer = _tellsLength ? [.. _name, .. Encoding.ASCII.GetBytes($" {received.ReceivedBytes}")] : _name;
                await _datagrams.SendToAsync(answer, received.RemoteEndPoint);
            }
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }
}

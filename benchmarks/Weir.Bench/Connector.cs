using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Weir.Bench;

/// <summary>TCP clients and servers that do one thing as often as they can.</summary>
internal static class Connector
{
    /// <summary><c>serve PORT...</c>: accepts on each port; sends one byte and closes, or, when the client sends 's' first, reads until the end.</summary>
    public static int Serve(string[] arguments)
    {
        var threads = new List<Thread>();
        foreach (var port in arguments)
        {
            var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            listener.Bind(new IPEndPoint(IPAddress.Any, int.Parse(port, CultureInfo.InvariantCulture)));
            listener.Listen(4096);
            var thread = new Thread(() => Accept(listener));
            thread.Start();
            threads.Add(thread);
        }
        Console.WriteLine("ready");
        foreach (var thread in threads) thread.Join();
        return 0;
    }

    /// <summary><c>connect ADDRESS PORT COUNT</c>: that many connections, one after another, each reset when its byte has come. Prints connections, nanoseconds, and the
    /// median of the nanoseconds that a handshake took.</summary>
    public static int Connect(string[] arguments)
    {
        var target = new IPEndPoint(IPAddress.Parse(arguments[0]), int.Parse(arguments[1], CultureInfo.InvariantCulture));
        var count = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        var buffer = new byte[1];
        var handshakes = new long[count];
        var start = Interop.Now();
        for (var i = 0; i < count; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.LingerState = new LingerOption(true, 0);
            var begin = Interop.Now();
            socket.Connect(target);
            handshakes[i] = Interop.Now() - begin;
            socket.Send("c"u8);
            if (socket.Receive(buffer) != 1) return 1;
        }
        var nanoseconds = Interop.Now() - start;
        Array.Sort(handshakes);
        Console.WriteLine($"{count} {nanoseconds} {handshakes[count / 2]}");
        return 0;
    }

    /// <summary><c>stream ADDRESS PORT MEGABYTES</c>: sends that much over one connection and waits until it is read. Prints bytes and nanoseconds.</summary>
    public static int Stream(string[] arguments)
    {
        var bytes = long.Parse(arguments[2], CultureInfo.InvariantCulture) << 20;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(new IPEndPoint(IPAddress.Parse(arguments[0]), int.Parse(arguments[1], CultureInfo.InvariantCulture)));
        socket.Send("s"u8);
        var buffer = new byte[1 << 17];
        var start = Interop.Now();
        for (var left = bytes; left > 0;) left -= socket.Send(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)));
        socket.Shutdown(SocketShutdown.Send);
        if (socket.Receive(buffer.AsSpan(0, 1)) != 1) return 1;
        Console.WriteLine($"{bytes} {Interop.Now() - start}");
        return 0;
    }

    /// <summary><c>reach ADDRESS PORT</c>: tries until a connection is made, from the line "ready" on. Prints nanoseconds of that time.</summary>
    public static int Reach(string[] arguments)
    {
        var target = new IPEndPoint(IPAddress.Parse(arguments[0]), int.Parse(arguments[1], CultureInfo.InvariantCulture));
        Console.WriteLine("ready");
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            // A refusal may be lost to a socket that is not waiting yet: nobody waits here for longer than an answer takes.
            try
            {
                socket.Connect(target);
            }
            catch (SocketException)
            {
            }
            if (socket.Poll(1000, SelectMode.SelectWrite) && (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! == 0) break;
        }
        Console.WriteLine(Interop.Now());
        return 0;
    }

    private static void Accept(Socket listener)
    {
        var buffer = new byte[1 << 17];
        while (true)
        {
            using var socket = listener.Accept();
            try
            {
                if (socket.Receive(buffer.AsSpan(0, 1)) == 1 && buffer[0] == (byte)'s')
                {
                    while (socket.Receive(buffer) > 0) { }
                }
                socket.Send("."u8);
            }
            catch (SocketException)
            {
                // The client went away; so does its connection.
            }
        }
    }
}

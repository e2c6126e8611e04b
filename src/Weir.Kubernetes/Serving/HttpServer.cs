using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Weir.Kubernetes.Serving;

/// <summary>
/// Answers GET and HEAD, one request a connection: what health checks and metrics need. Kestrel would double the size of the binary (6 MB of 6; measured),
/// and HttpListener answers by the Host header, which at a health-check node port is whatever a load balancer makes of it.
/// </summary>
public sealed class HttpServer : IAsyncDisposable
{
    private const int HeadLimit = 16 << 10;
    private const int ConnectionLimit = 64;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Socket _listener;
    private readonly Func<string, HttpAnswer> _answer;
    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _room = new(ConnectionLimit);
    private readonly Task _accepting;

    /// <summary>Listens from now on.</summary>
    /// <param name="endPoint">Where; [::] is IPv4 too.</param>
    /// <param name="answer">The answer for a path without its query; may be asked by several threads.</param>
    /// <exception cref="SocketException">The address is taken or not this host's.</exception>
    public HttpServer(IPEndPoint endPoint, Func<string, HttpAnswer> answer)
    {
        _answer = answer;
        _listener = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6) _listener.DualMode = endPoint.Address.Equals(IPAddress.IPv6Any);
            _listener.Bind(endPoint);
            _listener.Listen();
        }
        catch
        {
            _listener.Dispose();
            throw;
        }
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens, with the port that it was given for port 0.</summary>
    public IPEndPoint EndPoint { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(_end.Token);
                var connection = await _listener.AcceptAsync(_end.Token);
                _ = ServeAsync(connection);
            }
            catch (Exception problem) when (problem is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The client is gone already, or this process has no descriptor left for a moment.
                _room.Release();
                await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None);
            }
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        try
        {
            using (connection)
            using (var limit = CancellationTokenSource.CreateLinkedTokenSource(_end.Token))
            {
                limit.CancelAfter(s_patience);
                if (await ReadAsync(connection, limit.Token) is not { } head) return;
                var answer = AnswerTo(head, out var hasBody);
                await connection.SendAsync(Bytes(answer, hasBody), limit.Token);
                connection.Shutdown(SocketShutdown.Send);
                // What the client still sends must not make the kernel reset the connection before the answer is read.
                var rest = new byte[512];
                while (await connection.ReceiveAsync(rest, limit.Token) > 0)
                {
                }
            }
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client's to try again.
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>Reads a request's head; null where there is none.</summary>
    private static async Task<string?> ReadAsync(Socket connection, CancellationToken cancellation)
    {
        var buffer = new byte[HeadLimit];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await connection.ReceiveAsync(buffer.AsMemory(length), cancellation);
            if (read == 0) return null;
            length += read;
            if (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) is var end and >= 0) return Encoding.Latin1.GetString(buffer, 0, end);
        }
        return "";
    }

    private HttpAnswer AnswerTo(string head, out bool hasBody)
    {
        hasBody = true;
        if (head.Length == 0) return new(431, "the head of the request is too long\n");
        var line = head.AsSpan(0, head.IndexOf("\r\n", StringComparison.Ordinal) is var end and >= 0 ? end : head.Length);
        Span<Range> parts = stackalloc Range[4];
        if (line.Split(parts, ' ') != 3 || !line[parts[2]].StartsWith("HTTP/1.")) return new(400, "this is no request of HTTP/1\n");
        var method = line[parts[0]];
        hasBody = method is not "HEAD";
        if (method is not ("GET" or "HEAD")) return new(405, "only GET and HEAD\n") { Headers = ["Allow: GET, HEAD"] };
        var target = line[parts[1]];
        // A proxy's form of the target has the address too.
        if (!target.StartsWith("/") && Uri.TryCreate(target.ToString(), UriKind.Absolute, out var absolute)) target = absolute.PathAndQuery;
        var query = target.IndexOf('?');
        try
        {
            return _answer((query < 0 ? target : target[..query]).ToString());
        }
        catch (Exception problem)
        {
            return new(500, problem.Message + "\n");
        }
    }

    private static byte[] Bytes(HttpAnswer answer, bool hasBody)
    {
        var body = Encoding.UTF8.GetBytes(answer.Body);
        var head = new StringBuilder()
            .Append($"HTTP/1.1 {answer.Status} {Phrase(answer.Status)}\r\n")
            .Append($"Content-Type: {answer.ContentType}\r\n")
            .Append($"Content-Length: {body.Length}\r\n")
            .Append($"Date: {DateTimeOffset.UtcNow:R}\r\n")
            .Append("Connection: close\r\n");
        foreach (var header in answer.Headers) head.Append(header).Append("\r\n");
        var bytes = Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
        return hasBody ? [.. bytes, .. body] : bytes;
    }

    private static string Phrase(int status) => status switch
    {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
}

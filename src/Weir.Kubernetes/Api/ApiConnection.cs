using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using k8s;
using k8s.Authentication;

namespace Weir.Kubernetes.Api;

/// <summary>
/// The way to an API server: HTTP with the client library's configuration, credentials and certificate checks. The library's <c>Kubernetes</c> class is not
/// used: what it is made of brings the JSON of all types along (see <see cref="ApiJson"/>).
/// </summary>
public sealed class ApiConnection : IDisposable
{
    private readonly HttpClient _http;
    private readonly ServiceClientCredentials? _credentials;
    private readonly Uri _address;
    private readonly string? _tlsServerName;

    /// <summary>Nothing is sent before the first request.</summary>
    public ApiConnection(KubernetesClientConfiguration configuration, string userAgent = "weir", WebProxy? proxy = null)
    {
        _address = new Uri(configuration.Host.EndsWith('/') ? configuration.Host : configuration.Host + "/");
        _tlsServerName = string.IsNullOrEmpty(configuration.TlsServerName) ? null : configuration.TlsServerName;
        _credentials = k8s.Kubernetes.CreateCredentials(configuration);
        var handler = new SocketsHttpHandler
        {
            // A server that is gone without a word is noticed within a minute, by HTTP/2's pings or by TCP's.
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            ConnectTimeout = TimeSpan.FromSeconds(30),
            EnableMultipleHttp2Connections = true,
            AutomaticDecompression = DecompressionMethods.GZip,
            ConnectCallback = ConnectAsync,
        };
        if (proxy is not null) handler.Proxy = proxy;
        if (_address.Scheme == "https") Secure(handler, configuration);
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(userAgent);
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
    }

    /// <summary>After each answer: the method and the status.</summary>
    public event Action<HttpMethod, HttpStatusCode>? Answered;

    /// <summary>The server's address and port, for log lines and metrics.</summary>
    public string Host => _address.Authority;

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Sends a request; the answer's body may still be on its way.</summary>
    /// <exception cref="ApiException">The server answered anything but success.</exception>
    internal async Task<HttpResponseMessage> SendAsync(HttpMethod method, string pathAndQuery, HttpContent? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(_address, pathAndQuery))
        {
            Content = body,
            // HTTP/2 is agreed on by TLS.
            Version = _address.Scheme == "https" ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        // The name that the handler asks for, and looks for in the certificate, is this one.
        if (_tlsServerName is not null) request.Headers.Host = _tlsServerName;
        if (_credentials is not null) await _credentials.ProcessHttpRequestAsync(request, cancellation);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        Answered?.Invoke(method, response.StatusCode);
        if (response.IsSuccessStatusCode) return response;
        using (response) throw await RefusalAsync(request, response, cancellation);
    }

    private static async Task<ApiException> RefusalAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellation)
    {
        StatusAnswer? status = null;
        try
        {
            status = await JsonSerializer.DeserializeAsync(await response.Content.ReadAsStreamAsync(cancellation), ApiJson.Default.StatusAnswer, cancellation);
        }
        catch (JsonException)
        {
            // A proxy in between answers with a page for people.
        }
        var said = status?.Message ?? response.ReasonPhrase;
        return new(response.StatusCode, status?.Reason ?? "", $"{request.Method} {request.RequestUri!.AbsolutePath}: {(int)response.StatusCode} {said}")
        {
            RetryAfter = response.Headers.RetryAfter?.Delta,
        };
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Secure(SocketsHttpHandler handler, KubernetesClientConfiguration configuration)
    {
        var tls = handler.SslOptions;
        if (configuration.SkipTlsVerify)
        {
#pragma warning disable CA5359 // insecure-skip-tls-verify is the user's own decision.
            tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (configuration.SslCaCerts is { } authorities)
        {
            // The client library's own check takes any certificate of these authorities, whatever name it is for: a pod's would do.
            tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }
        if (configuration.ClientCertificateData is null && configuration.ClientCertificateFilePath is null) return;
        var own = new ClientCertificate(configuration);
        tls.ClientCertificates = [own.Current];
        tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => own.Current;
    }

    /// <summary>The certificate that this client shows; one from a file is read again when the file has changed, as certificates are renewed.</summary>
    private sealed class ClientCertificate(KubernetesClientConfiguration configuration)
    {
        private readonly Lock _lock = new();
        private X509Certificate2? _certificate;
        private DateTime _written;

        public X509Certificate2 Current
        {
            get
            {
                lock (_lock)
                {
                    var written = configuration.ClientCertificateFilePath is { } path ? File.GetLastWriteTimeUtc(path) : default;
                    if (_certificate is null || written != _written)
                    {
                        _certificate = X509Certificate2.CreateFromPem(
                            TextOf(configuration.ClientCertificateData, configuration.ClientCertificateFilePath), TextOf(configuration.ClientCertificateKeyData, configuration.ClientKeyFilePath));
                        _written = written;
                    }
                    return _certificate;
                }
            }
        }

        private static string TextOf(string? data, string? path) => data is not null ? Encoding.ASCII.GetString(Convert.FromBase64String(data)) : File.ReadAllText(path ?? "");
    }
}

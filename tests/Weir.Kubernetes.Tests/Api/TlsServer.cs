using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Weir.Kubernetes.Tests.Api;

/// <summary>An HTTPS server of a certificate authority of its own that asks for clients' certificates and answers every request with an empty list.</summary>
internal sealed class TlsServer : IDisposable
{
    private static readonly DateTimeOffset s_from = DateTimeOffset.UtcNow.AddDays(-1), s_to = DateTimeOffset.UtcNow.AddDays(30);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _authority;
    private readonly X509Certificate2 _own;

    public TlsServer()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(s_from, s_to);
        using var made = Issue("server", new SubjectAlternativeNameBuilder());
        // Keys in memory alone are not taken by every platform's TLS.
        _own = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Address => $"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public string AuthorityPem => _authority.ExportCertificatePem();

    /// <summary>Who the last client was, by its certificate, and its Authorization header; empty where it had none.</summary>
    public (string Subject, string Authorization) LastClient { get; private set; }

    /// <summary>A client's certificate and its key.</summary>
    public (string Certificate, string Key) Client(string name)
    {
        using var certificate = Issue(name, null);
        return (certificate.ExportCertificatePem(), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose()
    {
        _listener.Dispose();
        _authority.Dispose();
        _own.Dispose();
    }

    private X509Certificate2 Issue(string name, SubjectAlternativeNameBuilder? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        names?.AddIpAddress(IPAddress.Loopback);
        names?.AddDnsName("kubernetes");
        if (names is not null) request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(_authority, s_from, s_to, RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) await ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception problem) when (problem is ObjectDisposedException or SocketException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var stream = new SslStream(client.GetStream());
                await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                {
                    ServerCertificate = _own,
                    ClientCertificateRequired = true,
                    RemoteCertificateValidationCallback = static (_, _, _, _) => true,
                });
                using var reader = new StreamReader(stream, Encoding.ASCII);
                // A client that does not trust this server says nothing more.
                if (await reader.ReadLineAsync() is null) return;
                var authorization = "";
                while (await reader.ReadLineAsync() is { Length: > 0 } line)
                {
                    if (line.StartsWith("Authorization: ", StringComparison.OrdinalIgnoreCase)) authorization = line[15..];
                }
                LastClient = (stream.RemoteCertificate?.Subject ?? "", authorization);
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"u8.ToArray());
            }
            catch (Exception problem) when (problem is IOException or System.Security.Authentication.AuthenticationException)
            {
                // Nor does one that ends the connection.
            }
        }
    }
}

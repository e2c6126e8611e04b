using System.Security.Authentication;
using System.Text;
using k8s;
using Weir.Kubernetes.Api;

namespace Weir.Kubernetes.Tests.Api;

/// <summary>Kubeconfigs as they are found, against a server that speaks TLS.</summary>
public sealed class KubeconfigTests : IDisposable
{
    private readonly TlsServer _server = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("weir-kubeconfig-").FullName;

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(_folder, true);
    }

    [Fact]
    public async Task A_token_file_beside_it_goes_before_a_token_as_kubeadm_writes_it()
    {
        Write("ca.crt", _server.AuthorityPem);
        Write("token", "first");
        Assert.Equal(("", "Bearer first"), await Ask("certificate-authority: ca.crt", "tokenFile: token, token: other"));
    }

    [Fact]
    public async Task Authority_and_certificate_may_be_in_it()
    {
        var (certificate, key) = _server.Client("system:kube-proxy");
        Assert.Equal(("CN=system:kube-proxy", ""), await Ask($"certificate-authority-data: {Base64(_server.AuthorityPem)}", $"client-certificate-data: {Base64(certificate)}, client-key-data: {Base64(key)}"));
    }

    [Fact]
    public async Task A_certificate_that_is_renewed_in_its_file_is_shown_with_the_next_connection()
    {
        Write("ca.crt", _server.AuthorityPem);
        void Renew(string name)
        {
            var (certificate, key) = _server.Client(name);
            Write("client.key", key);
            Write("client.crt", certificate);
        }
        Renew("before");
        using var api = Open("certificate-authority: ca.crt", "client-certificate: client.crt, client-key: client.key");
        Assert.Equal("CN=before", (await Ask(api)).Subject);
        Renew("after");
        File.SetLastWriteTimeUtc(Path.Combine(_folder, "client.crt"), DateTime.UtcNow.AddMinutes(1));
        Assert.Equal("CN=after", (await Ask(api)).Subject);
    }

    [Fact]
    public async Task A_program_may_give_the_token()
    {
        var script = Path.Combine(_folder, "give");
        File.WriteAllText(script, """
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$PREFIX$1'"}}'
            """);
        Assert.Equal(("", "Bearer made-here"), await Ask("insecure-skip-tls-verify: true",
            $"exec: {{ apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, args: [{script}, here], env: [{{ name: PREFIX, value: made- }}], interactiveMode: Never }}"));
    }

    [Fact]
    public async Task A_server_of_another_authority_hears_nothing()
    {
        using var other = new TlsServer();
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => Ask($"certificate-authority-data: {Base64(other.AuthorityPem)}", "token: secret"));
        Assert.IsType<AuthenticationException>(refused.InnerException);
        refused = await Assert.ThrowsAsync<HttpRequestException>(() => Ask($"certificate-authority-data: {Base64(_server.AuthorityPem)}, tls-server-name: elsewhere", "token: secret"));
        Assert.IsType<AuthenticationException>(refused.InnerException);
        Assert.Equal(default, _server.LastClient);
    }

    [Fact]
    public async Task A_server_may_be_known_by_another_name() =>
        Assert.Equal(("", "Bearer secret"), await Ask($"certificate-authority-data: {Base64(_server.AuthorityPem)}, tls-server-name: kubernetes", "token: secret"));

    [Theory]
    [InlineData("current-context: other", "contexts has no other")]
    [InlineData("current-context: one\ncontexts: [{ name: one, context: { cluster: c } }]", "clusters has no c")]
    [InlineData("current-context: one\ncontexts: [{ name: one, context: { cluster: c } }]\nclusters: [{ name: c, cluster: { } }]", "names no server")]
    [InlineData("[]", "not one kubeconfig")]
    public void What_is_missing_is_said(string text, string problem)
    {
        Write("config", text);
        Assert.Contains(problem, Assert.Throws<ConnectionException>(() => Kubeconfig.Load(Path.Combine(_folder, "config"), "")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_master_goes_before_the_kubeconfig_s_server()
    {
        Write("config", Config("", ""));
        Assert.Equal("http://192.0.2.1:8080", Kubeconfig.Load(Path.Combine(_folder, "config"), "192.0.2.1:8080").Configuration.Host);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));

    private string Config(string cluster, string user) => $$"""
        apiVersion: v1
        kind: Config
        current-context: default
        contexts: [{ name: default, context: { cluster: default, user: default } }]
        clusters: [{ name: default, cluster: { server: "{{_server.Address}}", {{cluster}} } }]
        users: [{ name: default, user: { {{user}} } }]
        """;

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private ApiConnection Open(string cluster, string user)
    {
        Write("config", Config(cluster, user));
        var (configuration, proxy) = Kubeconfig.Load(Path.Combine(_folder, "config"), "");
        return new ApiConnection(configuration, proxy: proxy);
    }

    private async Task<(string Subject, string Authorization)> Ask(string cluster, string user)
    {
        using var api = Open(cluster, user);
        return await Ask(api);
    }

    private async Task<(string Subject, string Authorization)> Ask(ApiConnection api)
    {
        using var response = await api.SendAsync(HttpMethod.Get, "api/v1/services", null, CancellationToken.None);
        await response.Content.ReadAsStringAsync();
        return _server.LastClient;
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using k8s;
using k8s.Authentication;
using k8s.KubeConfigModels;
using Weir.Kubernetes.Yaml;

namespace Weir.Kubernetes.Api;

/// <summary>
/// Where the API server is and who we are, from a kubeconfig or from the pod that we run in. The client library's own reader does not know tokenFile, which
/// the kubeconfig of kubeadm's kube-proxy is made with.
/// </summary>
public static class Kubeconfig
{
    /// <summary>Reads what kube-proxy reads.</summary>
    /// <param name="path">--kubeconfig; empty: none.</param>
    /// <param name="master">--master, which goes before the kubeconfig's server; empty: none. Where both are empty we are in a pod.</param>
    /// <exception cref="ConnectionException">Something is missing or cannot be read.</exception>
    public static (KubernetesClientConfiguration Configuration, WebProxy? Proxy) Load(string path, string master)
    {
        if (path.Length == 0 && master.Length == 0) return (InCluster(), null);
        if (path.Length == 0) return (new KubernetesClientConfiguration { Host = master }, null);
        try
        {
            var documents = YamlJson.Read(File.ReadAllText(path));
            if (documents is not [JsonObject document]) throw new ConnectionException($"{path}: not one kubeconfig");
            return Read(document, Path.GetDirectoryName(Path.GetFullPath(path))!, master);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or FormatException or CryptographicException or InvalidOperationException)
        {
            throw new ConnectionException($"{path}: {problem.Message}", problem);
        }
    }

    private static KubernetesClientConfiguration InCluster()
    {
        const string Folder = "/var/run/secrets/kubernetes.io/serviceaccount";
        var host = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST");
        var port = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT");
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
            throw new ConnectionException("neither --kubeconfig nor --master was given, and KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod");
        try
        {
            return new()
            {
                Host = $"https://{(host.Contains(':') ? $"[{host}]" : host)}:{port}",
                TokenProvider = new TokenFileAuth($"{Folder}/token"),
                SslCaCerts = Authorities(File.ReadAllText($"{Folder}/ca.crt")),
            };
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ConnectionException($"the pod's service account: {problem.Message}", problem);
        }
    }

    private static (KubernetesClientConfiguration, WebProxy?) Read(JsonObject document, string folder, string master)
    {
        var contextName = Text(document, "current-context");
        var context = contextName is { Length: > 0 } ? Named(document, "contexts", contextName, "context") : new JsonObject();
        var cluster = Text(context, "cluster") is { } clusterName ? Named(document, "clusters", clusterName, "cluster") : new JsonObject();
        var user = Text(context, "user") is { Length: > 0 } userName ? Named(document, "users", userName, "user") : new JsonObject();
        var server = master.Length > 0 ? master : Text(cluster, "server");
        if (string.IsNullOrEmpty(server)) throw new ConnectionException("the kubeconfig's current context names no server");
        if (!server.Contains("://", StringComparison.Ordinal)) server = $"http://{server}";
        if (!Uri.TryCreate(server, UriKind.Absolute, out _)) throw new ConnectionException($"{server} is no address of a server");

        var result = new KubernetesClientConfiguration
        {
            Host = server,
            SkipTlsVerify = cluster["insecure-skip-tls-verify"]?.GetValue<bool>() ?? false,
            TlsServerName = Text(cluster, "tls-server-name"),
            ClientCertificateData = Text(user, "client-certificate-data"),
            ClientCertificateKeyData = Text(user, "client-key-data"),
            ClientCertificateFilePath = PathOf(user, "client-certificate", folder),
            ClientKeyFilePath = PathOf(user, "client-key", folder),
            Username = Text(user, "username"),
            Password = Text(user, "password"),
        };
        if (Text(cluster, "certificate-authority-data") is { } data) result.SslCaCerts = Authorities(Encoding.ASCII.GetString(Convert.FromBase64String(data)));
        else if (PathOf(cluster, "certificate-authority", folder) is { } authority) result.SslCaCerts = Authorities(File.ReadAllText(authority));
        // As client-go: the file goes before the token.
        if (PathOf(user, "tokenFile", folder) is { } tokenFile) result.TokenProvider = new TokenFileAuth(tokenFile);
        else if (Text(user, "token") is { } token) result.AccessToken = token;
        else if (user["exec"] is JsonObject exec) result.TokenProvider = new ExecTokenProvider(Exec(exec));
        return (result, Text(cluster, "proxy-url") is { } proxy ? new WebProxy(proxy) : null);
    }

    private static ExternalExecution Exec(JsonObject exec) => new()
    {
        ApiVersion = Text(exec, "apiVersion"),
        Command = Text(exec, "command") ?? throw new ConnectionException("the user's exec has no command"),
        Arguments = exec["args"] is JsonArray arguments ? [.. arguments.Select(each => each!.ToString())] : null,
        EnvironmentVariables = exec["env"] is JsonArray variables
            ? [.. variables.OfType<JsonObject>().Select(each => each.ToDictionary(member => member.Key, member => member.Value?.ToString() ?? ""))]
            : null,
    };

    private static JsonObject Named(JsonObject document, string list, string name, string member)
    {
        foreach (var each in document[list] as JsonArray ?? [])
        {
            if (each is JsonObject entry && Text(entry, "name") == name) return entry[member] as JsonObject ?? [];
        }
        throw new ConnectionException($"{list} has no {name}");
    }

    private static string? Text(JsonObject node, string name) => node[name]?.ToString();

    private static string? PathOf(JsonObject node, string name, string folder) => Text(node, name) is { Length: > 0 } path ? Path.Combine(folder, path) : null;

    private static X509Certificate2Collection Authorities(string text)
    {
        var result = new X509Certificate2Collection();
        result.ImportFromPem(text);
        return result.Count > 0 ? result : throw new ConnectionException("there is no certificate among the certificate authorities");
    }
}

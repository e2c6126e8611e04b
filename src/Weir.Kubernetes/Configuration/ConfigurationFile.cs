using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Weir.Kubernetes.Yaml;

namespace Weir.Kubernetes.Configuration;

/// <summary>KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1, as a file.</summary>
public static class ConfigurationFile
{
    /// <summary>The only version that there is.</summary>
    public const string ApiVersion = "kubeproxy.config.k8s.io/v1alpha1";

    private const string Kind = "KubeProxyConfiguration";

    /// <summary>Reads a file into <paramref name="values"/>. Fields that kube-proxy does not know are warned of, as it does itself since it reads leniently.</summary>
    public static void Read(string text, SettingValues values, ICollection<string> errors, ICollection<string> warnings)
    {
        JsonObject? document;
        try
        {
            document = YamlJson.Read(text) is [JsonObject one] ? one : null;
        }
        catch (FormatException problem)
        {
            errors.Add(problem.Message);
            return;
        }
        if (document is null || document["apiVersion"]?.ToString() != ApiVersion || document["kind"]?.ToString() != Kind)
        {
            errors.Add($"it is no {Kind} of {ApiVersion}");
            return;
        }
        document.Remove("apiVersion");
        document.Remove("kind");
        foreach (var setting in Settings.All)
        {
            if (Take(document, setting.Path.Split('.')) is not { } node) continue;
            var (value, problem) = setting.FromNode(node);
            if (problem is not null) errors.Add($"{setting.Path}: Invalid value: {node.ToJsonString()}: {problem}");
            else if (!setting.IsZeroDefault || !setting.IsZero(value)) values.Set(setting, value);
        }
        foreach (var path in Leaves(document, "")) warnings.Add($"{path} is no field of {Kind}");
    }

    /// <summary>Writes all settings.</summary>
    public static string Write(SettingValues values)
    {
        var text = new StringBuilder();
        Write(text, Document(values), 0);
        return text.ToString();
    }

    /// <summary>All settings as JSON, for /configz.</summary>
    public static string ToJson(SettingValues values) => Document(values).ToJsonString();

    private static JsonObject Document(SettingValues values)
    {
        var document = new JsonObject { ["apiVersion"] = ApiVersion, ["kind"] = Kind };
        foreach (var setting in Settings.All)
        {
            var value = setting.ToNode(values.Value(setting));
            // Lists and objects that nobody set are null in kube-proxy's own file too.
            if (value is JsonArray { Count: 0 }) value = null;
            var parent = document;
            var path = setting.Path.Split('.');
            foreach (var name in path[..^1])
            {
                if (parent[name] is not JsonObject child) parent[name] = child = [];
                parent = child;
            }
            parent[path[^1]] = value;
        }
        return document;
    }

    /// <summary>Takes a value out of the document, so that what remains is unknown.</summary>
    private static JsonNode? Take(JsonObject document, ReadOnlySpan<string> path)
    {
        if (!document.TryGetPropertyValue(path[0], out var node)) return null;
        if (path.Length > 1)
        {
            if (node is not JsonObject child) return null;
            var result = Take(child, path[1..]);
            if (child.Count == 0) document.Remove(path[0]);
            return result;
        }
        document.Remove(path[0]);
        return node;
    }

    private static IEnumerable<string> Leaves(JsonNode? node, string path) => node switch
    {
        JsonObject { Count: > 0 } members => members.SelectMany(member => Leaves(member.Value, path.Length == 0 ? member.Key : $"{path}.{member.Key}")),
        // An object that is null or empty says nothing.
        null or JsonObject => [],
        _ => [path],
    };

    private static void Write(StringBuilder text, JsonObject members, int indent)
    {
        foreach (var (name, value) in members)
        {
            text.Append(' ', indent).Append(name).Append(':');
            switch (value)
            {
                case JsonObject { Count: > 0 } child:
                    text.Append('\n');
                    Write(text, child, indent + 2);
                    break;
                case JsonArray array:
                    text.Append('\n');
                    foreach (var each in array) text.Append(' ', indent).Append("- ").Append(Scalar(each)).Append('\n');
                    break;
                default:
                    text.Append(' ').Append(value is JsonObject ? "{}" : Scalar(value)).Append('\n');
                    break;
            }
        }
    }

    private static string Scalar(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        // JSON's strings are YAML's double-quoted ones; a word needs no quotes.
        JsonValueKind.String => value.GetValue<string>() is var text && IsWord(text) ? text : $"\"{JsonEncodedText.Encode(text)}\"",
        _ => value.ToJsonString(),
    };

    private static bool IsWord(string text) =>
        text.Length > 0 && char.IsAsciiLetter(text[0]) && text.All(each => char.IsAsciiLetterOrDigit(each) || each is '.' or '/' or '-' or '_')
        && !(text.ToLower(CultureInfo.InvariantCulture) is "true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n");
}

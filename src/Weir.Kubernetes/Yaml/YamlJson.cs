using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Weir.Kubernetes.Yaml;

/// <summary>YAML as JSON, as Kubernetes reads it (sigs.k8s.io/yaml): whatever is in a file goes through the same JSON reader as the API's answers.</summary>
public static class YamlJson
{
    /// <summary>The documents of a text; empty ones are left out.</summary>
    /// <exception cref="FormatException">The text is no YAML, with the line.</exception>
    public static IReadOnlyList<JsonNode> Read(string text)
    {
        try
        {
            var stream = new YamlStream();
            // A text has fewer events than twice its characters; merged maps ("<<") may not make many more of it than that.
            stream.Load(new MergingParser(new Parser(new StringReader(text)), Math.Max(100_000, 2 * text.Length)));
            return [.. stream.Documents.Select(document => NodeOf(document.RootNode, 0)).OfType<JsonNode>()];
        }
        catch (YamlException problem)
        {
            throw new FormatException($"line {problem.Start.Line}: {problem.Message}", problem);
        }
    }

    private static JsonNode? NodeOf(YamlNode node, int depth)
    {
        // What refers to itself by an alias has no end.
        if (depth > 64) throw new FormatException($"line {node.Start.Line}: too deep");
        switch (node)
        {
            case YamlMappingNode mapping:
                var members = new JsonObject();
                foreach (var (key, value) in mapping.Children) members[((YamlScalarNode)key).Value ?? ""] = NodeOf(value, depth + 1);
                return members;
            case YamlSequenceNode sequence:
                return new JsonArray([.. sequence.Children.Select(each => NodeOf(each, depth + 1))]);
            case YamlScalarNode scalar:
                return ScalarOf(scalar);
            default:
                throw new FormatException($"line {node.Start.Line}: {node.NodeType} is not expected");
        }
    }

    private static JsonValue? ScalarOf(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is not ScalarStyle.Plain || (!scalar.Tag.IsEmpty && scalar.Tag.Value.EndsWith(":str", StringComparison.Ordinal))) return JsonValue.Create(text);
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE":
                return JsonValue.Create(true);
            case "false" or "False" or "FALSE":
                return JsonValue.Create(false);
        }
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return JsonValue.Create(whole);
        // Not what merely looks like one to a parser: names like infinity or 1_000.
        if (text.AsSpan().IndexOfAnyExcept("0123456789+-.eE") < 0 && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) return JsonValue.Create(number);
        return JsonValue.Create(text);
    }
}

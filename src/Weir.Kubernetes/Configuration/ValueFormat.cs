using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Weir.Kubernetes.Configuration;

/// <summary>How values of a type are written in flags and in files.</summary>
/// <param name="Parse">From a flag.</param>
/// <param name="Read">From a file.</param>
/// <param name="Write">To a file.</param>
internal sealed record ValueFormat<T>(Func<string, (T? Value, string? Problem)> Parse, Func<JsonNode, (T? Value, string? Problem)> Read, Func<T, JsonNode?> Write);

/// <summary>The formats that there are.</summary>
internal static class ValueFormat
{
    public static ValueFormat<string> Text { get; } = new(
        text => (text, null),
        node => node.GetValueKind() == JsonValueKind.String ? (node.GetValue<string>(), null) : (null, "must be a string"),
        value => JsonValue.Create(value));

    /// <summary>strconv.ParseBool's words.</summary>
    public static ValueFormat<bool> Switch { get; } = new(
        text => text switch
        {
            "1" or "t" or "T" or "TRUE" or "true" or "True" => (true, null),
            "0" or "f" or "F" or "FALSE" or "false" or "False" => (false, null),
            _ => (false, "must be true or false"),
        },
        node => node.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? (node.GetValue<bool>(), null) : (false, "must be true or false"),
        value => JsonValue.Create(value));

    public static ValueFormat<int> Number { get; } = new(
        text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? (value, null) : (0, "must be a number"),
        node => node.GetValueKind() == JsonValueKind.Number && node.AsValue().TryGetValue<long>(out var value) && value is >= int.MinValue and <= int.MaxValue
            ? ((int)value, null) : (0, "must be a number"),
        value => JsonValue.Create(value));

    public static ValueFormat<double> Real { get; } = new(
        text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? (value, null) : (0, "must be a number"),
        node => node.GetValueKind() == JsonValueKind.Number ? (double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture), null) : (0, "must be a number"),
        value => JsonValue.Create(value));

    public static ValueFormat<TimeSpan> Duration { get; } = new(
        ParseDuration,
        node => node.GetValueKind() == JsonValueKind.String ? ParseDuration(node.GetValue<string>()) : (default, "must be a duration such as 30s"),
        value => JsonValue.Create(GoDuration.Format(value)));

    public static ValueFormat<IReadOnlyList<string>> List { get; } = new(
        text => (text.Length == 0 ? [] : text.Split(','), null),
        node => node is JsonArray array && array.All(each => each?.GetValueKind() == JsonValueKind.String)
            ? (array.Select(each => each!.GetValue<string>()).ToArray(), null) : (null, "must be a list of strings"),
        value => new JsonArray([.. value.Select(each => JsonValue.Create(each))]));

    /// <summary>What Weir does not look into: kept as it is, so that --write-config-to writes it.</summary>
    public static ValueFormat<JsonNode?> Anything { get; } = new(text => (JsonValue.Create(text), null), node => (node.DeepClone(), null), value => value?.DeepClone());

    private static (TimeSpan, string?) ParseDuration(string text) => GoDuration.TryParse(text, out var value) ? (value, null) : (default, "must be a duration such as 30s");
}

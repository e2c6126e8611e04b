using System.Text.Json.Nodes;

namespace Weir.Kubernetes.Configuration;

/// <summary>A setting of a type.</summary>
/// <typeparam name="T">string, bool, int, double, TimeSpan, or a list of strings.</typeparam>
public sealed class Setting<T> : Setting
{
    private readonly ValueFormat<T> _format;
    private readonly T _default;

    internal Setting(string path, string? flag, T @default, ValueFormat<T> format)
        : base(path, flag) => (_default, _format) = (@default, format);

    /// <inheritdoc/>
    public override bool IsSwitch => typeof(T) == typeof(bool);

    internal override object? Default => _default;

    internal override (object? Value, string? Problem) FromText(string text, object? before)
    {
        var (value, problem) = _format.Parse(text);
        // As pflag's StringSlice: a flag that is given again adds to the list.
        if (problem is null && before is IReadOnlyList<string> first && value is IReadOnlyList<string> more) return (first.Concat(more).ToArray(), null);
        return (value, problem);
    }

    internal override (object? Value, string? Problem) FromNode(JsonNode node)
    {
        var (value, problem) = _format.Read(node);
        return (value, problem);
    }

    internal override JsonNode? ToNode(object? value) => value is T typed ? _format.Write(typed) : null;

    internal override bool IsZero(object? value) => value is null or "" or 0 or 0d or false || value.Equals(default(TimeSpan)) || value is IReadOnlyList<string> { Count: 0 };
}

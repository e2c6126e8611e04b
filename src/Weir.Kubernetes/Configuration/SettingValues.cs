namespace Weir.Kubernetes.Configuration;

/// <summary>What was set, and the defaults of the rest.</summary>
public sealed class SettingValues
{
    private readonly Dictionary<Setting, object?> _values = [];

    /// <summary>The value.</summary>
    public T Get<T>(Setting<T> setting) => (T)Value(setting)!;

    /// <summary>Whether a file or a flag says anything about it other than that it should be as ever.</summary>
    public bool IsSet(Setting setting) => _values.ContainsKey(setting);

    internal object? Value(Setting setting) => _values.TryGetValue(setting, out var value) ? value : setting.Default;

    internal object? Given(Setting setting) => _values.GetValueOrDefault(setting);

    internal void Set(Setting setting, object? value) => _values[setting] = value;
}

using System.Globalization;
using System.Text;

namespace Weir.Kubernetes.Serving;

/// <summary>
/// Metrics in Prometheus' text format 0.0.4. (prometheus-net has had no release since 2023 and no promise for NativeAOT; what is needed of it is this file.)
/// </summary>
public sealed class MetricsText
{
    /// <summary>The format's media type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();
    private string _name = "";

    /// <summary>Begins a metric.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">counter, gauge or histogram.</param>
    /// <param name="help">What it is.</param>
    public MetricsText Metric(string name, string type, string help)
    {
        _name = name;
        _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        return this;
    }

    /// <summary>A value of the metric that was begun.</summary>
    public MetricsText Sample(string labels, double value) => Sample("", labels, value);

    /// <summary>All values of a counter.</summary>
    public MetricsText Samples(LabeledCounter counter)
    {
        foreach (var (labels, count) in counter.Read()) Sample(labels, count);
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    internal MetricsText Sample(string suffix, string labels, double value)
    {
        _text.Append(_name).Append(suffix);
        if (labels.Length > 0) _text.Append('{').Append(labels).Append('}');
        _text.Append(' ').Append(Number(value)).Append('\n');
        return this;
    }

    internal static string Labels(ReadOnlySpan<string> names, ReadOnlySpan<string> values)
    {
        var text = new StringBuilder();
        for (var i = 0; i < names.Length; i++)
        {
            if (i > 0) text.Append(',');
            text.Append(names[i]).Append("=\"").Append(values[i].Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")).Append('"');
        }
        return text.ToString();
    }

    internal static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}

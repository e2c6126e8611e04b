namespace Weir.Bench;

/// <summary>The figures of one table, taken in turn, and their medians.</summary>
internal sealed class Samples(string title, string unit, bool moreIsBetter, bool compares = true)
{
    private readonly Dictionary<string, List<double>> _values = [];
    private readonly List<string> _order = [];

    public void Add(string name, double value)
    {
        if (!_values.TryGetValue(name, out var list))
        {
            _values.Add(name, list = []);
            _order.Add(name);
        }
        list.Add(value);
    }

    /// <summary>Median, and, where rows are peers, the ratio of the first one's to each (above 1: the first is better).</summary>
    public void Print()
    {
        Console.WriteLine($"\n{title} ({unit}; {(moreIsBetter ? "more" : "less")} is better; medians of {_values[_order[0]].Count})");
        var baseline = Median(_order[0]);
        foreach (var name in _order)
        {
            var median = Median(name);
            var ratio = moreIsBetter ? baseline / median : median / baseline;
            Console.WriteLine(compares ? $"  {name,-34} {median,12:N0}   {_order[0]} is {ratio:F2} times as good" : $"  {name,-60} {median,12:N1}");
        }
    }

    private double Median(string name)
    {
        var sorted = _values[name].Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}

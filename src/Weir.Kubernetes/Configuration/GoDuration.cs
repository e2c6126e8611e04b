using System.Globalization;
using System.Text;

namespace Weir.Kubernetes.Configuration;

/// <summary>Durations as Go writes them: 1h30m, 300ms, 0s (time.ParseDuration and Duration.String).</summary>
public static class GoDuration
{
    /// <summary>Reads a duration; days and weeks are not known to Go.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var rest = text.AsSpan();
        var isNegative = rest.StartsWith("-");
        if (isNegative || rest.StartsWith("+")) rest = rest[1..];
        if (rest is "0") return true;
        if (rest.IsEmpty) return false;
        var ticks = 0m;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
            rest = rest[digits..];
            var end = rest.IndexOfAny("0123456789.");
            var unit = end < 0 ? rest : rest[..end];
            var scale = unit switch
            {
                "ns" => 0.01m,
                "us" or "µs" or "μs" => 10m,
                "ms" => TimeSpan.TicksPerMillisecond,
                "s" => TimeSpan.TicksPerSecond,
                "m" => TimeSpan.TicksPerMinute,
                "h" => TimeSpan.TicksPerHour,
                _ => 0m,
            };
            if (scale == 0 || number > long.MaxValue / 10) return false;
            ticks += number * scale;
            rest = rest[unit.Length..];
        }
        // Go's durations end at 292 years.
        if (ticks > long.MaxValue / 100) return false;
        duration = TimeSpan.FromTicks(isNegative ? -(long)ticks : (long)ticks);
        return true;
    }

    /// <summary>Writes a duration: 1h30m0s, 1.5s, 300ms, 0s.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == default) return "0s";
        var result = new StringBuilder(duration < default(TimeSpan) ? "-" : "");
        duration = duration.Duration();
        if (duration < TimeSpan.FromSeconds(1))
        {
            var (value, unit) = duration < TimeSpan.FromMilliseconds(1) ? (duration.Ticks / 10m, "µs") : (duration.Ticks / 10_000m, "ms");
            return result.Append(value.ToString("0.####", CultureInfo.InvariantCulture)).Append(unit).ToString();
        }
        var hours = duration.Ticks / TimeSpan.TicksPerHour;
        if (hours > 0) result.Append(CultureInfo.InvariantCulture, $"{hours}h");
        if (hours > 0 || duration.Minutes > 0) result.Append(CultureInfo.InvariantCulture, $"{duration.Minutes}m");
        var seconds = (decimal)(duration.Ticks % TimeSpan.TicksPerMinute) / TimeSpan.TicksPerSecond;
        return result.Append(seconds.ToString("0.#######", CultureInfo.InvariantCulture)).Append('s').ToString();
    }
}

namespace Weir.Ipvs;

/// <summary>Numbers in the columns of listings.</summary>
internal static class Columns
{
    private const ulong Thousand = 1000;
    private const ulong Million = Thousand * 1000;
    private const ulong Billion = Million * 1000;
    private const ulong Trillion = Billion * 1000;

    /// <summary>A counter in nine characters, shortened with K, M, G or T beyond eight digits; or exact and as wide as it takes.</summary>
    public static string Counter(ulong value, bool exact)
    {
        if (exact) return value < 100 * Million ? $"{value,9}" : $" {value}";
        return value switch
        {
            < 100 * Million => $"{value,9}",
            < Billion => $"{value / Thousand,8}K",
            < 100 * Billion => $"{value / Million,8}M",
            < 100 * Trillion => $"{value / Billion,8}G",
            _ => $"{value / Trillion,8}T",
        };
    }
}

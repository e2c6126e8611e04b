namespace Weir.Ipvs;

/// <summary>A set of <see cref="Option"/>s.</summary>
internal readonly record struct OptionSet(ulong Bits)
{
    public static OptionSet Of(params ReadOnlySpan<Option> options)
    {
        ulong bits = 0;
        foreach (var option in options) bits |= 1UL << (int)option;
        return new(bits);
    }

    public bool Has(Option option) => (Bits >> (int)option & 1) != 0;

    public bool HasAny(OptionSet options) => (Bits & options.Bits) != 0;

    public OptionSet With(Option option) => new(Bits | 1UL << (int)option);
}

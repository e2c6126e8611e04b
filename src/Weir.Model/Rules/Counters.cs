namespace Weir.Model.Rules;

/// <summary>Packets and bytes counted; arithmetic is modulo 2^64, as the kernel's.</summary>
public readonly record struct Counters(ulong Packets, ulong Bytes)
{
    /// <summary>What must be added to <paramref name="right"/> to get <paramref name="left"/>.</summary>
    public static Counters operator -(Counters left, Counters right)
        => new(unchecked(left.Packets - right.Packets), unchecked(left.Bytes - right.Bytes));

    /// <summary>The sum.</summary>
    public static Counters operator +(Counters left, Counters right)
        => new(unchecked(left.Packets + right.Packets), unchecked(left.Bytes + right.Bytes));

    /// <inheritdoc cref="op_Subtraction"/>
    public static Counters Subtract(Counters left, Counters right) => left - right;

    /// <inheritdoc cref="op_Addition"/>
    public static Counters Add(Counters left, Counters right) => left + right;
}

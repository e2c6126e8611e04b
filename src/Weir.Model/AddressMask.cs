namespace Weir.Model;

/// <summary>
/// An address and a mask of any shape (0.0.255.0 is allowed). The mask is of the address's family: an IPv4 mask is an IPv4 address.
/// An address is inside when it agrees in every bit of the mask.
/// </summary>
public readonly record struct AddressMask(Address Address, Address Mask)
{
    /// <summary>Every address of the family.</summary>
    public static AddressMask Any(AddressFamily family) => family == AddressFamily.IPv4
        ? new(Address.AnyIPv4, Address.AnyIPv4)
        : new(Address.AnyIPv6, Address.AnyIPv6);

    /// <summary>One address.</summary>
    public static AddressMask Host(Address address) => new(address, MaskOf(address.Family, BitsOf(address.Family)));

    /// <summary>A prefix of 0 to 32 (128) bits; the address's other bits become zero.</summary>
    public static AddressMask Prefix(Address address, int length)
    {
        var mask = MaskOf(address.Family, length);
        return new(And(address, mask), mask);
    }

    /// <summary>The number of bits in an address of the family: 32 or 128.</summary>
    public static int BitsOf(AddressFamily family) => family == AddressFamily.IPv4 ? 32 : 128;

    /// <summary>The mask of a prefix length of 0 to 32 (128).</summary>
    public static Address MaskOf(AddressFamily family, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)BitsOf(family), nameof(length));
        if (family == AddressFamily.IPv4) return Address.FromIPv4(length == 0 ? 0 : uint.MaxValue << (32 - length));
        return new(Ones(Math.Min(length, 64)), Ones(Math.Max(length - 64, 0)));

        static ulong Ones(int count) => count == 0 ? 0 : ulong.MaxValue << (64 - count);
    }

    /// <summary>The bits of the address that are in the mask.</summary>
    public static Address And(Address address, Address mask) => new(address.High & mask.High, address.Low & mask.Low);

    /// <summary>The family of address and mask.</summary>
    public AddressFamily Family => Address.Family;

    /// <summary>Whether every address matches.</summary>
    public bool IsAny => Mask == (Mask.IsIPv4 ? Address.AnyIPv4 : Address.AnyIPv6);

    /// <summary>The prefix length, or -1 when the mask's ones are not one run from the top.</summary>
    public int PrefixLength
    {
        get
        {
            var ones = Mask.IsIPv4
                ? System.Numerics.BitOperations.LeadingZeroCount(~Mask.IPv4)
                : (int)UInt128.LeadingZeroCount(~new UInt128(Mask.High, Mask.Low));
            return Mask == MaskOf(Mask.Family, ones) ? ones : -1;
        }
    }

    /// <summary>Whether the address is inside.</summary>
    public bool Contains(Address address) => address.Family == Family && And(address, Mask) == And(Address, Mask);

    /// <summary>The text address/prefix-length, or address/mask where the mask is no prefix.</summary>
    public override string ToString() => PrefixLength is >= 0 and var length ? $"{Address}/{length}" : $"{Address}/{Mask}";
}

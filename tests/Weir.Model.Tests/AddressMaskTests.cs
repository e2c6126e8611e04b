namespace Weir.Model.Tests;

public sealed class AddressMaskTests
{
    [Theory]
    [InlineData("10.1.2.3", 8, "10.0.0.0/8")]
    [InlineData("10.1.2.3", 32, "10.1.2.3/32")]
    [InlineData("10.1.2.3", 0, "0.0.0.0/0")]
    [InlineData("2001:db8::1", 64, "2001:db8::/64")]
    [InlineData("2001:db8::1", 128, "2001:db8::1/128")]
    [InlineData("2001:db8::1", 100, "2001:db8::/100")]
    [InlineData("2001:db8::1", 0, "::/0")]
    public void Prefix_MasksAndKnowsItsLength(string address, int length, string text)
    {
        var mask = AddressMask.Prefix(Address.Parse(address), length);
        Assert.Equal(length, mask.PrefixLength);
        Assert.Equal(text, mask.ToString());
        Assert.Equal(length == 0, mask.IsAny);
    }

    [Theory]
    [InlineData("10.0.3.0", "255.0.255.0", "10.9.3.7", true)]
    [InlineData("10.0.3.0", "255.0.255.0", "10.9.4.7", false)]
    [InlineData("0.0.0.0", "0.0.0.0", "10.9.4.7", true)]
    [InlineData("10.0.0.1", "255.0.0.0", "10.9.4.7", true)]
    [InlineData("0.0.0.0", "0.0.0.0", "2001:db8::1", false)]
    public void Contains_ComparesUnderTheMask(string address, string mask, string candidate, bool inside)
        => Assert.Equal(inside, new AddressMask(Address.Parse(address), Address.Parse(mask)).Contains(Address.Parse(candidate)));

    [Fact]
    public void MaskWithGaps_IsNoPrefix()
    {
        var mask = new AddressMask(Address.Parse("10.0.3.0"), Address.Parse("255.0.255.0"));
        Assert.Equal(-1, mask.PrefixLength);
        Assert.Equal("10.0.3.0/255.0.255.0", mask.ToString());
    }
}

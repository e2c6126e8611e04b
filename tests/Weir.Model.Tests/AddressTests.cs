namespace Weir.Model.Tests;

public sealed class AddressTests
{
    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("1::")]
    [InlineData("fd00::1")]
    [InlineData("::2:0:0:1", "::2:0:0:1")]
    [InlineData("1:0:0:2::3", "1:0:0:2::3")]
    [InlineData("1:0:2:3:4:5:6:7")]
    [InlineData("0:0:0:1::", "0:0:0:1::")]
    [InlineData("FD00:0:0:0:0:0:0:000A", "fd00::a")]
    [InlineData("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304")]
    [InlineData("::1.2.3.4", "::1.2.3.4")]
    [InlineData("::ffff:1.2.3.4", "1.2.3.4")]
    [InlineData("fd00:1234:5678:9abc:def0:1234:5678:9abc")]
    public void Reads_and_writes(string text, string? written = null)
    {
        Assert.True(Address.TryParse(text, out var address));
        Assert.Equal(written ?? text, address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("10.0.0")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.0.1 ")]
    [InlineData("10.0.0.01")]
    [InlineData("10.0.0.1.2")]
    [InlineData(".10.0.0.1")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7::8")]
    [InlineData("1:2:3:4:5:6:7:")]
    [InlineData("12345::")]
    [InlineData("g::")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData("fe80::1%lo")]
    public void Refuses(string? text) => Assert.False(Address.TryParse(text, out _));

    [Fact]
    public void Holds_IPv4_mapped()
    {
        var address = Address.FromIPv4(0x0a000001);
        var bytes = new byte[16];
        address.WriteBytes(bytes);

        Assert.Equal("00000000000000000000FFFF0A000001", Convert.ToHexString(bytes));
        Assert.Equal(address, Address.FromBytes(bytes));
        Assert.Equal(address, Address.FromBytes([10, 0, 0, 1]));
        Assert.Equal(AddressFamily.IPv4, address.Family);
        Assert.Equal(0x0a000001u, address.IPv4);
    }

    [Fact]
    public void Agrees_with_the_framework_on_random_addresses()
    {
        var random = new Random(1);
        var bytes = new byte[16];
        for (var i = 0; i < 2000; i++)
        {
            random.NextBytes(bytes);
            // Runs of zeros are what the notation is about.
            for (var word = 0; word < 8; word++)
            {
                if (random.Next(2) == 0) bytes[2 * word] = bytes[2 * word + 1] = 0;
            }
            var expected = new System.Net.IPAddress(bytes);
            var address = Address.FromBytes(bytes);
            Assert.Equal(expected, System.Net.IPAddress.Parse(address.ToString()));
            Assert.Equal(address, Address.Parse(address.ToString()));
        }
    }
}

namespace Weir.Ipvs.Tests;

public sealed class ColumnsTests
{
    [Theory]
    [InlineData(0ul, "        0", "        0")]
    [InlineData(12345678ul, " 12345678", " 12345678")]
    [InlineData(99999999ul, " 99999999", " 99999999")]
    [InlineData(100000000ul, "  100000K", " 100000000")]
    [InlineData(100000999ul, "  100000K", " 100000999")]
    [InlineData(999999999ul, "  999999K", " 999999999")]
    [InlineData(1000000000ul, "    1000M", " 1000000000")]
    [InlineData(12345678901ul, "   12345M", " 12345678901")]
    [InlineData(99999999999ul, "   99999M", " 99999999999")]
    [InlineData(100000000000ul, "     100G", " 100000000000")]
    [InlineData(99999999999999ul, "   99999G", " 99999999999999")]
    [InlineData(100000000000000ul, "     100T", " 100000000000000")]
    [InlineData(10000000000000000ul, "   10000T", " 10000000000000000")]
    [InlineData(18446744073709551615ul, "18446744T", " 18446744073709551615")]
    public void Counters_are_shortened_as_the_original_does(ulong value, string shortened, string exact)
    {
        var store = new FakeServiceStore();
        Shell.Do(store, "-A -t 10.0.0.1:80");
        store.Update(state => state with
        {
            Counters = new(value, value, value, value, value),
            Rates = new(value, value, value, value, value),
        });

        foreach (var format in new[] { "--stats", "--rate" })
        {
            Assert.EndsWith(Row(shortened), Shell.Do(store, $"-Ln {format}"), StringComparison.Ordinal);
            Assert.EndsWith(Row(exact), Shell.Do(store, $"-Ln {format} --exact"), StringComparison.Ordinal);
        }
    }

    private static string Row(string column) => $"{"TCP  10.0.0.1:80",-33}{string.Concat(Enumerable.Repeat(column, 5))}\n";
}

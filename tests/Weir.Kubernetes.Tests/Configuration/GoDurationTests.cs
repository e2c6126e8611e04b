using Weir.Kubernetes.Configuration;

namespace Weir.Kubernetes.Tests.Configuration;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", "0s")]
    [InlineData("0s", "0s")]
    [InlineData("30s", "30s")]
    [InlineData("24h", "24h0m0s")]
    [InlineData("1h30m", "1h30m0s")]
    [InlineData("90s", "1m30s")]
    [InlineData("1.5s", "1.5s")]
    [InlineData("300ms", "300ms")]
    [InlineData("1500ms", "1.5s")]
    [InlineData("250us", "250µs")]
    [InlineData("-5m", "-5m0s")]
    [InlineData("15m0s", "15m0s")]
    public void Go_would_print_it_like_this(string text, string printed)
    {
        Assert.True(GoDuration.TryParse(text, out var duration));
        Assert.Equal(printed, GoDuration.Format(duration));
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("1d")]
    [InlineData("s")]
    [InlineData("1h30")]
    [InlineData("1..5s")]
    [InlineData("9999999999999h")]
    public void Go_would_refuse_it(string text) => Assert.False(GoDuration.TryParse(text, out _));
}

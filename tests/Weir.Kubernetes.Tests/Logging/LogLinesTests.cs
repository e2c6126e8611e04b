using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Weir.Kubernetes.Logging;

namespace Weir.Kubernetes.Tests.Logging;

public sealed class LogLinesTests
{
    [Fact]
    public void Text_is_one_line_of_klogs_form()
    {
        var output = new StringWriter();
        using var lines = new LogLines(output, isJson: false, verbosity: 2);
        lines.CreateLogger("Weir.Kubernetes.Engine.ServiceProxy").LogWarning(new IOException("broken\nin two"), "{count} services", 3);
        Assert.Matches(@"^W\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ ServiceProxy\] 3 services: System\.IO\.IOException: broken \| in two\n$", output.ToString());
    }

    [Fact]
    public void Json_has_the_values_by_name()
    {
        var output = new StringWriter();
        using var lines = new LogLines(output, isJson: true, verbosity: 0);
        lines.CreateLogger("a.b").LogInformation("{count} of {what}", 3, "x\"y");
        var line = JsonNode.Parse(output.ToString())!;
        Assert.Equal("3 of x\"y", line["msg"]!.GetValue<string>());
        Assert.Equal(3, line["count"]!.GetValue<int>());
        Assert.Equal("x\"y", line["what"]!.GetValue<string>());
        Assert.Equal(0, line["v"]!.GetValue<int>());
        Assert.EndsWith("}\n", output.ToString());
    }

    [Theory]
    [InlineData(0, LogLevel.Debug, false)]
    [InlineData(2, LogLevel.Debug, false)]
    [InlineData(3, LogLevel.Debug, true)]
    [InlineData(4, LogLevel.Trace, false)]
    [InlineData(5, LogLevel.Trace, true)]
    [InlineData(0, LogLevel.Information, true)]
    public void Verbosity_decides(int verbosity, LogLevel level, bool isWritten)
    {
        using var lines = new LogLines(new StringWriter(), isJson: false, verbosity);
        Assert.Equal(isWritten, lines.CreateLogger("a").IsEnabled(level));
    }
}

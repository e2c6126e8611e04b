using Weir.Model;

namespace Weir.Ipvs.Tests;

/// <summary>What the store cannot do is said and changes nothing.</summary>
public sealed class NotSupportedTests
{
    private readonly FakeServiceStore _store = new()
    {
        Unsupported = (service, server) =>
            service.Key.Protocol == ServiceProtocol.Sctp ? "SCTP"
            : service.Scheduler == "lblc" ? "the lblc scheduler"
            : server?.Forwarding == ForwardingMethod.Tunnel ? "tunnelling"
            : null,
    };

    [Theory]
    [InlineData("-A --sctp-service 10.0.0.2:80", "SCTP")]
    [InlineData("-A -t 10.0.0.2:80 -s lblc", "the lblc scheduler")]
    [InlineData("-E -t 10.0.0.1:80 -s lblc", "the lblc scheduler")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.2 -i", "tunnelling")]
    [InlineData("-e -t 10.0.0.1:80 -r 10.1.0.1:80 -i", "tunnelling")]
    public void Is_refused_with_the_reason(string arguments, string reason)
    {
        Shell.Do(_store, "-A -t 10.0.0.1:80 -s rr");
        Shell.Do(_store, "-a -t 10.0.0.1:80 -r 10.1.0.1 -m");
        var before = Shell.Do(_store, "-Sn");

        var (exitCode, output, error) = Shell.Run(_store, "ipvsadm", Shell.Words(arguments));

        Assert.Equal((255, "", $"Not supported: {reason}\n"), (exitCode, output, error));
        Assert.Equal(before, Shell.Do(_store, "-Sn"));
    }

    [Fact]
    public void A_restore_goes_on_with_the_next_line()
    {
        var (exitCode, _, error) = Shell.Run(_store, "ipvsadm", ["-R"], "-A -t 10.0.0.1:80 -s lblc\n-A -t 10.0.0.2:80 -s rr\n");

        Assert.Equal((0, "Not supported: the lblc scheduler\n"), (exitCode, error));
        Assert.Equal("-A -t 10.0.0.2:80 -s rr\n", Shell.Do(_store, "-Sn"));
    }

    [Fact]
    public void Without_a_store_every_command_fails_alike()
    {
        using var error = new StringWriter();
        Assert.Equal(2, IpvsadmCommand.ReportNoStore(error, "Permission denied (you must be root)"));
        Assert.Equal(
            "Can't initialize ipvs: Permission denied (you must be root)\n" +
            "Are you sure that IP Virtual Server is built in the kernel or as module?\n",
            error.ToString());
    }
}

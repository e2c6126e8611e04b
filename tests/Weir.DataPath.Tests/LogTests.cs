using System.Runtime.InteropServices;
using System.Text;
using Weir.DataPath.Image;
using Weir.DataPath.Tests.Bench;

namespace Weir.DataPath.Tests;

/// <summary>What LOG hands to the reader.</summary>
[Collection("Maps")]
public sealed unsafe class LogTests
{
    private const string Client = "198.51.100.7", Own = "192.0.2.1", Server = "10.0.0.5";

    private static LogEvent Read()
    {
        Assert.True(Maps.LogEvents.TryRead(out var record));
        Assert.Equal(sizeof(LogEvent), record.Length);
        return MemoryMarshal.Read<LogEvent>(record);
    }

    private static byte[] DataOf(LogEvent log) => new ReadOnlySpan<byte>(log.Data, log.DataLength).ToArray();

    [Theory]
    [InlineData("")]
    [InlineData("a prefix of twenty-nine bytes")]
    public void A_packet_is_logged_with_its_link_header_and_its_start(string prefix)
    {
        var image = new TestImage();
        image.Add(BuiltInChain.ManglePrerouting, new TestRule(TargetKind.Mark).Argument(7, uint.MaxValue));
        image.Add(BuiltInChain.FilterInput, new TestRule(TargetKind.Log).Log(prefix, 6, LogFlags.TcpOptions | LogFlags.MacDecode));
        var host = new Host(image);
        host.Kernel.Now = 12345;
        var frame = Frame.Tcp(Client, 40000, Own, 80, Frame.Ack, 500, 8);
        for (var i = 0; i < 12; i++) frame[i] = (byte)(i + 1);
        Assert.Equal(Host.Pass, host.In(frame));
        var log = Read();
        Assert.Equal((12345ul, Host.Eth0, 0u, 7u, 548u), (log.Time, log.InIfIndex, log.OutIfIndex, log.Mark, log.Length));
        Assert.Equal((6, LogFlags.TcpOptions | LogFlags.MacDecode, Hook.Input, 14), (log.Level, log.Flags, log.Hook, log.MacLength));
        Assert.Equal(frame[..14], new ReadOnlySpan<byte>(log.Mac, 14).ToArray());
        Assert.Equal(frame[14..158], DataOf(log));
        Assert.Equal(prefix, Encoding.ASCII.GetString(new ReadOnlySpan<byte>(log.Prefix, 32)).TrimEnd('\0'));
        Assert.Equal((uint.MaxValue, uint.MaxValue), (log.Uid, log.Gid));
        Assert.False(Maps.LogEvents.TryRead(out _));
    }

    [Fact]
    public void A_packet_made_here_has_no_link_header()
    {
        var image = new TestImage();
        image.Add(BuiltInChain.FilterOutput, new TestRule(TargetKind.Log).Log("out "));
        var host = new Host(image);
        var frame = Frame.Udp(Own, 5000, Client, 53, 3);
        Assert.Equal(Host.Pass, host.Out(frame));
        var log = Read();
        Assert.Equal((0u, Host.Eth0, 31u, 0, 31), (log.InIfIndex, log.OutIfIndex, log.Length, log.MacLength, log.DataLength));
        Assert.Equal(frame[14..], DataOf(log));
    }

    [Fact]
    public void Chains_before_and_after_translation_log_what_the_packet_is_there()
    {
        var image = new TestImage().Tracked();
        image.Add(BuiltInChain.ManglePrerouting, new TestRule(TargetKind.Log).Log());
        image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Protocol(6).Nat(low: Server, portLow: 8000));
        image.Add(BuiltInChain.FilterForward, new TestRule(TargetKind.Log).Log());
        var host = new Host(image);
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40000, Own, 80, Frame.Syn)));
        var before = Read();
        var after = Read();
        Assert.Equal("198.51.100.7:40000>192.0.2.1:80", Frame.Ends([.. new byte[14], .. DataOf(before)]));
        Assert.Equal("198.51.100.7:40000>10.0.0.5:8000", Frame.Ends([.. new byte[14], .. DataOf(after)]));
        Assert.Equal((Host.Eth0, 0u, Host.Eth0, Host.Eth1), (before.InIfIndex, before.OutIfIndex, after.InIfIndex, after.OutIfIndex));
        Assert.Equal((14, 0), (before.MacLength, after.MacLength));
    }

    [Fact]
    public void A_forwarded_packet_shows_what_it_came_in_with()
    {
        var image = new TestImage().Tracked();
        image.Flags |= ActiveImage.LinkHeaders;
        image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Protocol(6).Nat(low: Server, portLow: 8000));
        image.Add(BuiltInChain.FilterForward, new TestRule(TargetKind.Log).Log());
        image.Add(BuiltInChain.ManglePostrouting, new TestRule(TargetKind.Log).Log());
        var host = new Host(image);
        var frame = Frame.Tcp(Client, 40000, Own, 80, Frame.Syn);
        for (var i = 0; i < 12; i++) frame[i] = (byte)(i + 2);
        Assert.Equal(Host.Pass, host.In(frame));
        host.Frame.AsSpan(0, 12).Clear();
        Assert.Equal(Host.Pass, host.Onward(Host.Eth0, Host.Eth1));
        for (var i = 0; i < 2; i++)
        {
            var log = Read();
            Assert.Equal((Host.Eth0, Host.Eth1, 14), (log.InIfIndex, log.OutIfIndex, log.MacLength));
            Assert.Equal(frame[..14], new ReadOnlySpan<byte>(log.Mac, 14).ToArray());
        }
    }

    [Fact]
    public void What_does_not_fit_into_the_buffer_is_counted()
    {
        var image = new TestImage();
        var rule = image.Add(BuiltInChain.FilterInput, new TestRule(TargetKind.Log).Log());
        var host = new Host(image);
        var room = Maps.LogEvents.MaxEntries / 240;
        for (var i = 0; i < room + 3; i++) Assert.Equal(Host.Pass, host.In(Frame.Udp(Client, 1, Own, 2)));
        Assert.Equal((room + 3, 3ul), (host.Packets(rule), Maps.Stats.At(0)->LogsLost));
    }
}

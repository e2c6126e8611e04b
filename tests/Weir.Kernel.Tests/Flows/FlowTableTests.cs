using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using Weir.Control.Instances;
using Weir.DataPath;
using Weir.DataPath.Flows;
using Weir.Kernel.Tests.Differential;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Flows;

/// <summary>The connection table of a running data path, with no process of Weir's about: entries end on time, and a flood does not fill it.</summary>
[Collection("network")]
public sealed class FlowTableTests : IDisposable
{
    private const string Rules = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n"
        + "-A FORWARD -p tcp -m tcp --dport 80 --syn -j ACCEPT\n-A FORWARD -p udp -m udp --dport 53 -j ACCEPT\nCOMMIT\n";

    private const int Flood = 200_000;

    private readonly Router _router = new("flows");

    public FlowTableTests() => _router.Namespace.Run($"{Shell.Weir("iptables-restore")} -w", Rules);

    [Fact]
    public void A_flow_ends_on_time()
    {
        Change((ref TimeoutSettings settings) => settings.Udp = 1);
        Assert.Single(Exchange(true, 17, Frame.Udp(1000, 53)));
        Assert.Equal((1ul, 0ul), (Entries("flows"), Count("flows expired")));
        Assert.Single(Exchange(false, 17, Frame.Udp(53, 1000)));
        Assert.True(Wait.Until(() => Entries("flows") == 0 && Entries("replies") == 0), "the flow is still there");
        Assert.Equal(1ul, Count("flows expired"));
        // An answer comes too late.
        Assert.Empty(Exchange(false, 17, Frame.Udp(53, 1000)));
    }

    [Fact]
    public void A_packet_moves_the_end()
    {
        Change((ref TimeoutSettings settings) => settings.Udp = settings.UdpStream = 2);
        Assert.Single(Exchange(true, 17, Frame.Udp(1000, 53)));
        for (var i = 0; i < 6; i++)
        {
            Thread.Sleep(500);
            Assert.Single(Exchange(false, 17, Frame.Udp(53, 1000)));
        }
        Assert.True(Wait.Until(() => Entries("flows") == 0), "the flow is still there");
    }

    [Fact]
    public void A_flood_of_new_connections_displaces_itself_alone()
    {
        Assert.Single(Exchange(true, 6, Frame.Tcp(1000, 80, Frame.Syn, 100, 0)));
        Assert.Single(Exchange(false, 6, Frame.Tcp(80, 1000, Frame.Syn | Frame.Ack, 500, 101)));
        Assert.Single(Exchange(true, 6, Frame.Tcp(1000, 80, Frame.Ack, 101, 501)));
        var frame = Built(true, 6, Frame.Tcp(2000, 80, Frame.Syn, 1, 0));
        for (var i = 0; i < Flood; i++)
        {
            // Spoofed sources all over 172.16.0.0/12, each with its right checksums.
            BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(26), 0xac100000u + (uint)i);
            Frame.FixChecksums(frame);
            _router.Left.Send(frame);
            if (i % 64 == 0) while (_router.Right.TryReceive() is not null) ;
        }
        while (_router.Right.TryReceive() is not null) ;
        var embryonic = Maps.Embryonic.MaxEntries;
        Assert.InRange(Entries("flows"), 2ul, embryonic + 1);
        Assert.InRange(Count("flows created"), (ulong)Flood - 1000, Flood + 1ul);
        Assert.Equal(Count("flows created") - Entries("flows"), Count("flows evicted") + Count("flows expired"));
        Assert.Equal(0ul, Count("drops: flows full"));
        // The established connection is none of its victims, and new ones still come in.
        Assert.Single(Exchange(false, 6, Frame.Tcp(80, 1000, Frame.Ack | Frame.Psh, 501, 101, 100)));
        Assert.Single(Exchange(true, 6, Frame.Tcp(1000, 80, Frame.Ack, 101, 601)));
        Assert.Single(Exchange(true, 6, Frame.Tcp(1001, 80, Frame.Syn, 100, 0)));
        Assert.Single(Exchange(false, 6, Frame.Tcp(80, 1001, Frame.Syn | Frame.Ack, 500, 101)));
    }

    public void Dispose()
    {
        _router.Namespace.Execute([Shell.Weir("weir"), "down"]);
        _router.Dispose();
    }

    private delegate void SettingsChange(ref TimeoutSettings settings);

    private void Change(SettingsChange change) => _router.Namespace.Inside(() =>
    {
        using var instance = Instance.TryOpen(StateFolder.Current())!;
        var settings = instance.Map(nameof(Maps.Timeouts)).AsArray<TimeoutSettings>();
        var value = settings[0];
        change(ref value);
        settings[0] = value;
        return 0;
    });

    private List<(bool Left, byte[] Frame)> Exchange(bool left, byte protocol, byte[] segment) => _router.Exchange(left, Built(left, protocol, segment), 1);

    private static byte[] Built(bool left, byte protocol, byte[] segment) => left
        ? Frame.Build(Router.LeftRouterMac, Router.LeftHostMac, 0x0a010002, 0x0a020002, protocol, segment)
        : Frame.Build(Router.RightRouterMac, Router.RightHostMac, 0x0a020002, 0x0a010002, protocol, segment);

    private ulong Count(string name) => Read($"^ +{Regex.Escape(name)} +([0-9]+)");

    private ulong Entries(string table) => Read($"^ +{table} +([0-9]+) of");

    private ulong Read(string pattern)
    {
        var status = _router.Namespace.Run($"{Shell.Weir("weir")} status");
        var match = Regex.Match(status, pattern, RegexOptions.Multiline);
        return match.Success ? ulong.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"no '{pattern}' in:\n{status}");
    }
}

using Weir.DataPath.Image;
using Weir.DataPath.Tests.Bench;

namespace Weir.DataPath.Tests;

/// <summary>Chains are walked as iptables walks them, and matches hold as iptables' do.</summary>
[Collection("Maps")]
public sealed class WalkTests
{
    private const BuiltInChain Input = BuiltInChain.FilterInput;

    private static byte[] Http => Frame.Tcp("198.51.100.7", 40000, "192.0.2.1", 80, Frame.Syn);

    [Fact]
    public void Nothing_loaded_passes_everything()
    {
        var host = new Host(new TestImage { Flags = 0 });
        Assert.Equal(Host.Pass, host.In(Http));
    }

    [Theory]
    [InlineData(TargetKind.Accept, Host.Pass)]
    [InlineData(TargetKind.Drop, Host.Drop)]
    public void A_policy_decides_and_counts(TargetKind policy, int action)
    {
        var host = new Host(new TestImage().Policy(Input, policy));
        Assert.Equal(action, host.In(Http));
        Assert.Equal((1ul, 40ul), host.Counted(host.Image.PolicyCounters[Input]));
    }

    [Fact]
    public void The_first_matching_rule_decides()
    {
        var image = new TestImage();
        var counting = image.Add(Input, new TestRule());
        var other = image.Add(Input, new TestRule(TargetKind.Drop).Protocol(17));
        var accept = image.Add(Input, new TestRule(TargetKind.Accept).Protocol(6).Ports(80, 80));
        var drop = image.Add(Input, new TestRule(TargetKind.Drop));
        var host = new Host(image);
        Assert.Equal(Host.Pass, host.In(Http));
        Assert.Equal([1ul, 0ul, 1ul, 0ul], new[] { counting, other, accept, drop }.Select(host.Packets));
        Assert.Equal(0ul, host.PolicyPackets(Input));
    }

    [Fact]
    public void Chains_jump_return_and_go_to()
    {
        var image = new TestImage().Policy(Input, TargetKind.Drop).UserChain("empty");
        var jump = image.Add(Input, TestRule.To("a"));
        var after = image.Add(Input, new TestRule());
        image.Add(Input, TestRule.To("empty"));
        image.Add(Input, TestRule.To("last", true));
        var never = image.Add(Input, new TestRule(TargetKind.Accept));
        image.Add("a", TestRule.To("b", true));
        var skipped = image.Add("a", new TestRule(TargetKind.Accept));
        image.Add("b", new TestRule(TargetKind.Return).Protocol(6));
        var beyond = image.Add("b", new TestRule(TargetKind.Accept));
        var last = image.Add("last", new TestRule());
        var host = new Host(image);
        Assert.Equal(Host.Drop, host.In(Http));
        Assert.Equal([1ul, 1ul, 0ul, 0ul, 0ul, 1ul], new[] { jump, after, never, skipped, beyond, last }.Select(host.Packets));
        Assert.Equal(1ul, host.PolicyPackets(Input));
    }

    [Fact]
    public void Return_from_a_built_in_chain_is_its_policy()
    {
        var image = new TestImage().Policy(Input, TargetKind.Drop);
        image.Add(Input, new TestRule(TargetKind.Return));
        image.Add(Input, new TestRule(TargetKind.Accept));
        var host = new Host(image);
        Assert.Equal(Host.Drop, host.In(Http));
        Assert.Equal(1ul, host.PolicyPackets(Input));
    }

    [Fact]
    public void A_loop_of_chains_drops_and_is_counted()
    {
        var image = new TestImage();
        image.Add(Input, TestRule.To("a"));
        image.Add("a", TestRule.To("a"));
        var host = new Host(image);
        Assert.Equal(Host.Drop, host.In(Http));
    }

    public static TheoryData<string, bool> HeadMatches => new()
    {
        { "-s 198.51.100.7", true }, { "-s 198.51.100.0/24", true }, { "-s 198.51.101.0/24", false }, { "! -s 198.51.100.7", false },
        { "-d 192.0.2.1", true }, { "! -d 192.0.2.0/24", false }, { "! -d 10.0.0.0/8", true },
        { "-p tcp", true }, { "-p udp", false }, { "! -p tcp", false }, { "! -p udp", true },
        { "-i eth0", true }, { "-i eth", false }, { "-i eth+", true }, { "-i eth1", false }, { "! -i eth1", true }, { "! -i eth+", false }, { "-i +", true },
        { "-p tcp --dport 80", true }, { "-p tcp --dport 79:81", true }, { "-p tcp --dport 81:90", false }, { "-p tcp ! --dport 80", false },
        { "-p tcp --sport 40000", true }, { "-p tcp ! --sport 1:1024", true },
        { "-p tcp --syn", true }, { "-p tcp ! --syn", false }, { "-p udp --dport 80", false },
        { "-f", false }, { "! -f", true },
    };

    [Theory]
    [MemberData(nameof(HeadMatches))]
    public void A_rule_head_matches(string words, bool matches)
    {
        var image = new TestImage();
        var rule = image.Add(Input, Parse(words));
        var host = new Host(image);
        Assert.Equal(matches ? Host.Drop : Host.Pass, host.In(Http));
        Assert.Equal(matches ? 1ul : 0ul, host.Packets(rule));
    }

    [Theory]
    [InlineData(new[] { 80 }, 0, MultiportSide.Destination, false, true)]
    [InlineData(new[] { 22, 80, 443 }, 0, MultiportSide.Destination, false, true)]
    [InlineData(new[] { 22, 443 }, 0, MultiportSide.Destination, false, false)]
    [InlineData(new[] { 22, 443 }, 0, MultiportSide.Destination, true, true)]
    [InlineData(new[] { 22, 70, 90 }, 2, MultiportSide.Destination, false, true)]
    [InlineData(new[] { 40000 }, 0, MultiportSide.Source, false, true)]
    [InlineData(new[] { 80 }, 0, MultiportSide.Source, false, false)]
    [InlineData(new[] { 40000 }, 0, MultiportSide.Either, false, true)]
    [InlineData(new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 80 }, 0, MultiportSide.Destination, false, true)]
    [InlineData(new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 79, 81 }, 1 << 13, MultiportSide.Destination, false, true)]
    public unsafe void Multiport_matches(int[] ports, int ranges, MultiportSide side, bool invert, bool matches)
    {
        var cell = new MultiportMatchCell
        {
            Kind = MatchKind.Multiport,
            Invert = invert ? (byte)1 : (byte)0,
            Side = side,
            Count = (byte)ports.Length,
            Ranges = (ushort)ranges,
        };
        for (var i = 0; i < ports.Length; i++) cell.Ports[i] = (ushort)ports[i];
        var image = new TestImage();
        image.Add(Input, new TestRule(TargetKind.Drop).Protocol(6).Match(cell));
        Assert.Equal(matches ? Host.Drop : Host.Pass, new Host(image).In(Http));
    }

    [Theory]
    [InlineData(8, 0, 255, false, true)]
    [InlineData(8, 1, 1, false, false)]
    [InlineData(0, 0, 255, false, false)]
    [InlineData(255, 0, 255, false, true)]
    [InlineData(8, 0, 255, true, false)]
    public void Icmp_types_match(byte type, byte low, byte high, bool invert, bool matches)
    {
        var image = new TestImage();
        image.Add(Input, new TestRule(TargetKind.Drop).Protocol(1).Icmp(type, low, high, invert));
        Assert.Equal(matches ? Host.Drop : Host.Pass, new Host(image).In(Frame.Icmp("198.51.100.7", "192.0.2.1", 8)));
    }

    [Fact]
    public void Nth_matches_every_nth_packet_from_the_given_one()
    {
        var image = new TestImage();
        image.Add(Input, new TestRule(TargetKind.Drop).Match(new StatisticMatchCell { Kind = MatchKind.StatisticNth, StateSlot = 7, Every = 3, Packet = 1 }));
        var host = new Host(image);
        Assert.Equal("-D--D--D-", string.Concat(Enumerable.Range(0, 9).Select(_ => host.In(Http) == Host.Drop ? 'D' : '-')));
    }

    [Fact]
    public void Random_matches_its_share()
    {
        var image = new TestImage();
        image.Add(Input, new TestRule(TargetKind.Drop).Match(new StatisticMatchCell { Kind = MatchKind.StatisticRandom, Probability = 0x40000000 }));
        var host = new Host(image);
        host.Kernel.Seed(42);
        Assert.InRange(Enumerable.Range(0, 1000).Count(_ => host.In(Http) == Host.Drop), 420, 580);
    }

    [Fact]
    public void Limit_lets_a_burst_and_then_its_rate_through()
    {
        var image = new TestImage().Policy(Input, TargetKind.Drop);
        image.Add(Input, new TestRule(TargetKind.Accept).Match(
            new LimitMatchCell { Kind = MatchKind.Limit, StateSlot = 1, Cost = 1_000_000_000, Cap = 3_000_000_000 }));
        var host = new Host(image);
        host.Kernel.Now = 10_000_000_000;
        Assert.Equal("PPPDD", Five());
        host.Wait(1);
        Assert.Equal("PDDDD", Five());
        host.Wait(2.5);
        Assert.Equal("PPDDD", Five());
        host.Wait(100);
        Assert.Equal("PPPDD", Five());

        string Five() => string.Concat(Enumerable.Range(0, 5).Select(_ => host.In(Http) == Host.Pass ? 'P' : 'D'));
    }

    [Fact]
    public void Marks_are_set_matched_and_written_back()
    {
        var image = new TestImage();
        image.Add(BuiltInChain.ManglePrerouting, new TestRule(TargetKind.Mark).Argument(0x12, 0xff));
        var match = image.Add(Input, new TestRule().Match(new MarkMatchCell { Kind = MatchKind.Mark, Mark = 0x12, Mask = 0xff }));
        var host = new Host(image) { Mark = 0xab00 };
        Assert.Equal(Host.Pass, host.In(Http));
        Assert.Equal(1ul, host.Packets(match));
        Assert.Equal(0xab12u, host.Mark);
    }

    [Theory]
    [InlineData("192.0.2.1", 2, true)]
    [InlineData("192.0.2.255", 3, true)]
    [InlineData("192.0.2.9", 1, true)]
    [InlineData("127.0.0.9", 2, true)]
    [InlineData("224.0.0.1", 5, true)]
    [InlineData("255.255.255.255", 3, true)]
    [InlineData("192.0.2.9", 2, false)]
    public unsafe void Address_types_match(string destination, int type, bool matches)
    {
        var image = new TestImage();
        image.Add(BuiltInChain.RawPrerouting, new TestRule(TargetKind.Drop).Match(
            new AddrTypeMatchCell { Kind = MatchKind.AddrType, DestinationTypes = (ushort)(1 << type) }));
        var host = new Host(image);
        var (own, broadcast) = (TestImage.AddressBe("192.0.2.1"), TestImage.AddressBe("192.0.2.255"));
        var (ownType, broadcastType) = (2u | Host.Eth0 << 8, 3u | Host.Eth0 << 8);
        Maps.AddressTypes.Update(&own, &ownType, default);
        Maps.AddressTypes.Update(&broadcast, &broadcastType, default);
        Assert.Equal(matches ? Host.Drop : Host.Pass, host.In(Frame.Udp("198.51.100.7", 1, destination, 2)));
    }

    [Fact]
    public void Input_chains_are_for_this_host_and_forward_chains_for_the_rest()
    {
        var image = new TestImage();
        foreach (var chain in new[] { Input, BuiltInChain.FilterForward, BuiltInChain.FilterOutput, BuiltInChain.ManglePostrouting }) image.Policy(chain, TargetKind.Accept);
        var host = new Host(image);
        Assert.Equal(Host.Pass, host.In(Http));
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp("198.51.100.7", 40000, "10.0.0.5", 80, Frame.Syn)));
        Assert.Equal(Host.Pass, host.Out(Frame.Tcp("192.0.2.1", 80, "198.51.100.7", 40000, Frame.Ack)));
        Assert.Equal([1ul, 1ul, 1ul, 2ul], new[] { Input, BuiltInChain.FilterForward, BuiltInChain.FilterOutput, BuiltInChain.ManglePostrouting }.Select(host.PolicyPackets));
    }

    [Fact]
    public void Malformed_packets_are_dropped_and_cut_off_headers_pass_no_rule_that_looks_at_them()
    {
        var image = new TestImage();
        var port = image.Add(Input, new TestRule(TargetKind.Accept).Protocol(6).Ports(0, 65535));
        var host = new Host(image);
        var wrongVersion = Http;
        wrongVersion[Frame.Ip] = 0x65;
        var shortHeader = Http;
        shortHeader[Frame.Ip] = 0x44;
        var tooLong = Http;
        tooLong[Frame.Ip + 2] = 9;
        foreach (var frame in new[] { wrongVersion, shortHeader, tooLong, Http[..30] }) Assert.Equal(Host.Drop, host.In(frame));
        Assert.Equal(Host.Drop, host.In(Frame.Packet(6, "198.51.100.7", "192.0.2.1", new byte[12], -1, 0)));
        Assert.Equal(0ul, host.Packets(port));
        Assert.Equal(Host.Pass, host.In(Frame.Tcp("198.51.100.7", 1, "192.0.2.1", 2, Frame.Syn, 0, 40)));
        Assert.Equal(1ul, host.Packets(port));
    }

    [Fact]
    public void Later_fragments_follow_the_first()
    {
        var image = new TestImage().Policy(Input, TargetKind.Drop);
        image.Add(Input, new TestRule(TargetKind.Accept).Protocol(17).Ports(53, 53));
        var host = new Host(image);
        var (first, later) = Frame.Split(Frame.Udp("198.51.100.7", 1000, "192.0.2.1", 53, 100), 64);
        Assert.Equal(Host.Drop, host.In(later));
        Assert.Equal(Host.Pass, host.In(first));
        Assert.Equal(Host.Pass, host.In(later));
        host.Wait(31);
        Assert.Equal(Host.Drop, host.In(later));
    }

    [Fact]
    public void Random_bytes_never_stop_it()
    {
        var image = new TestImage().Tracked();
        image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Nat(low: "10.0.0.9"));
        image.Add(BuiltInChain.FilterForward, new TestRule(TargetKind.Accept).Protocol(6).Ports(1, 1000));
        var host = new Host(image);
        var random = new Random(7);
        for (var i = 0; i < 5000; i++)
        {
            var frame = Frame.Tcp("198.51.100.7", 40000, "192.0.2.1", 80, (byte)random.Next(256), random.Next(40), random.Next(11) * 4);
            for (var n = random.Next(6); n > 0; n--) frame[random.Next(12, frame.Length)] = (byte)random.Next(256);
            host.Through(frame[..random.Next(14, frame.Length + 1)]);
        }
    }

    private static TestRule Parse(string words)
    {
        var rule = new TestRule(TargetKind.Drop);
        var parts = words.Split(' ');
        var invert = false;
        for (var i = 0; i < parts.Length; i++)
        {
            string Next() => parts[++i];
            switch (parts[i])
            {
                case "!":
                    invert = true;
                    continue;
                case "-s":
                case "-d":
                    var set = parts[i] == "-s" ? (Func<string, int, bool, TestRule>)rule.Source : rule.Destination;
                    var prefix = Next().Split('/');
                    set(prefix[0], prefix.Length > 1 ? int.Parse(prefix[1]) : 32, invert);
                    break;
                case "-p":
                    rule.Protocol((byte)(Next() == "tcp" ? 6 : 17), invert);
                    break;
                case "-i":
                    rule.Interface(Next(), false, invert);
                    break;
                case "--dport":
                case "--sport":
                    var ports = parts[i] == "--sport" ? (Func<int, int, bool, TestRule>)rule.SourcePorts : rule.Ports;
                    var range = Next().Split(':');
                    ports(int.Parse(range[0]), int.Parse(range[^1]), invert);
                    break;
                case "--syn":
                    rule.TcpFlags(Frame.Fin | Frame.Syn | Frame.Rst | Frame.Ack, Frame.Syn, invert);
                    break;
                case "-f":
                    rule.Fragment(invert);
                    break;
            }
            invert = false;
        }
        return rule;
    }
}

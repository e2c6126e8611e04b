using System.Text;
using Weir.Bpf.Programs;
using Weir.Control.Images.Classification;
using Weir.DataPath;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Rules;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.TestRun;

/// <summary>Chains walked by their classifiers and rule by rule, managed: verdict, mark, state and every counter must be equal, whatever the rules.</summary>
[Collection("network")]
public sealed unsafe class ClassifierTests
{
    private const int RandomSets = 150;
    private const int Packets = 400;

    /// <summary>Slots of matches with a memory that the rules need at most.</summary>
    private const int States = 2048;

    private static readonly string[] s_devices = ["", "eth0", "eth1", "cali0123456789", "cali0123456000", "wg0"];

    [Fact]
    public void Random_rules_are_walked_as_one_by_one()
    {
        for (var seed = 1; seed <= RandomSets; seed++)
        {
            var random = new Random(seed);
            Compare($"seed {seed}", RandomRules(random, 4 + random.Next(120)), random);
        }
    }

    [Fact]
    public void Many_rules_are_walked_as_one_by_one() => Compare("5,000 random", RandomRules(new Random(77), 5000), new Random(78));

    [Theory]
    [InlineData("all wildcards", 2000, 3)]
    [InlineData("one field apart", 3000, 3)]
    [InlineData("nested ranges", 3000, 3)]
    [InlineData("crossing wildcards", 3000, 3)]
    [InlineData("single ports", 65536, 2)]
    [InlineData("addresses", 20000, 2)]
    [InlineData("prefixes of every length", 4000, 3)]
    public void Sets_made_to_defeat_it_stay_small_and_exact(string kind, int count, int mostCells)
    {
        var text = new StringBuilder("*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n");
        for (var i = 0; i < count; i++)
        {
            var address = $"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}";
            text.Append(kind switch
            {
                "all wildcards" => "-A INPUT\n",
                "one field apart" => $"-A INPUT -s 10.0.0.1 -d 10.0.0.2 -p tcp --dport 80 -m mark --mark {i}\n",
                "nested ranges" => $"-A INPUT -p tcp --dport {i}:{65535 - i} --sport {i}:{65535 - i}\n",
                "crossing wildcards" => (i % 3) switch { 0 => $"-A INPUT -s {address}\n", 1 => $"-A INPUT -d {address}\n", _ => $"-A INPUT -p tcp --dport {i}\n" },
                "single ports" => $"-A INPUT -p tcp --dport {i} -j ACCEPT\n",
                "addresses" => $"-A INPUT -s {address} -j ACCEPT\n",
                _ => $"-A INPUT -s 10.{i & 255}.{i >> 4 & 255}.{i & 255}/{8 + i % 25} -d 10.{i >> 3 & 255}.0.{i & 255}/{8 + i / 25 % 25}\n",
            });
        }
        Compare(kind, text.Append("COMMIT\n").ToString(), new Random(count), mostCells * count + 1000);
    }

    private static void Compare(string name, string rules, Random random, int mostCells = int.MaxValue)
    {
        var (image, highestSlot) = RuleImages.Of(rules);
        var (linear, _) = RuleImages.Of(rules, int.MaxValue);
        if (image.Cells.Length > mostCells) throw new XunitException($"{name}: {image.Cells.Length} cells, at most {mostCells} were to be");
        Compare(name, rules, linear.Cells, image.Cells, highestSlot, random, Packets);
    }

    /// <summary>Two images of the same rules must do the same to random packets.</summary>
    internal static void Compare(string name, string rules, Cell[] linear, Cell[] image, int highestSlot, Random random, int packets)
    {
        ManagedKernel.Current = new ManagedKernel();
        for (uint i = 1; i < s_devices.Length; i++)
        {
            Device device = default;
            Encoding.ASCII.GetBytes(s_devices[i]).CopyTo(new Span<byte>(device.Name, 16));
            var index = i;
            Maps.Devices.Update(&index, &device, UpdateMode.Any);
        }
        // The chunks of counters that the rules need.
        for (uint chunk = 0; chunk <= highestSlot >> Counter.ChunkShift; chunk++) Maps.Counters.Set(chunk, new PerCpuArrayMap<Counter>(Counter.ChunkSize));
        var values = Values(rules);
        // What matches remember, for each of the two.
        var memories = new[] { new RuleState[States], new RuleState[States] };
        for (var i = 0; i < packets; i++)
        {
            var packet = RandomPacket(random, values);
            var chain = random.Next(2) == 0 ? BuiltInChain.ManglePrerouting : BuiltInChain.FilterInput;
            var wanted = Walked(linear, packet, chain, highestSlot, memories[0]);
            var got = Walked(image, packet, chain, highestSlot, memories[1]);
            if (wanted != got) throw new XunitException($"{name}, packet {i}: {wanted}, by the classifier {got}\n{(rules.Length < 20000 ? rules : "")}");
        }
    }

    /// <summary>What becomes of a packet, and which counters count it.</summary>
    private static string Walked(Cell[] cells, Packet packet, BuiltInChain chain, int highestSlot, RuleState[] memory)
    {
        for (uint i = 0; i < States; i++) *Maps.RuleStates.At(i) = memory[i];
        var map = new ArrayMap<Cell>((uint)cells.Length);
        for (uint i = 0; i < cells.Length; i++) *map.At(i) = cells[i];
        Maps.Images.Set(0, map);
        var before = Counts(highestSlot);
        var action = Walk.Chain(null, &packet, (uint)chain);
        var after = Counts(highestSlot);
        map.Clear();
        for (uint i = 0; i < States; i++) memory[i] = *Maps.RuleStates.At(i);
        return $"action {action} mark {packet.Mark} state {packet.State} counted {string.Join(' ', Enumerable.Range(0, highestSlot + 1).Where(slot => after[slot] != before[slot]))}";
    }

    private static ulong[] Counts(int highestSlot) =>
        [.. Enumerable.Range(0, highestSlot + 1).Select(slot => Maps.Counters.At((uint)slot >> Counter.ChunkShift)!.At((uint)slot & (Counter.ChunkSize - 1))->Packets)];

    /// <summary>Addresses and ports that the rules name, and their neighbours: where classifiers part.</summary>
    private static (uint[] Addresses, ushort[] Ports) Values(string rules)
    {
        var words = rules.Split([' ', '\n', ',', ':'], StringSplitOptions.RemoveEmptyEntries);
        var addresses = words.Select(word => word.Split('/')[0]).Where(word => word.Count(c => c == '.') == 3)
            .Select(word => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(System.Net.IPAddress.Parse(word).GetAddressBytes())).Append(0x0a000001u).ToArray();
        var ports = words.Select(word => ushort.TryParse(word, out var port) ? port : (ushort)1).Distinct().ToArray();
        return (addresses, ports);
    }

    private static Packet RandomPacket(Random random, (uint[] Addresses, ushort[] Ports) values)
    {
        uint Address() => Bits.Swap(values.Addresses[random.Next(values.Addresses.Length)] + (uint)random.Next(-1, 2));
        ushort Port() => Bits.Swap((ushort)(values.Ports[random.Next(values.Ports.Length)] + random.Next(-1, 2)));
        Packet packet = default;
        packet.Source = new IpAddress { Word2Be = IpAddress.MappedBe, Word3Be = Address() };
        packet.Destination = new IpAddress { Word2Be = IpAddress.MappedBe, Word3Be = Address() };
        packet.Protocol = (byte)(random.Next(8) switch { < 4 => 6, < 6 => 17, 6 => 1, _ => 47 });
        packet.Length = 60;
        packet.HeaderLength = 20;
        packet.Mark = (uint)random.Next(4) < 3 ? (uint)random.Next(4) : (uint)random.Next(3000);
        packet.State = (TrackState)random.Next(6);
        packet.InIfIndex = (uint)random.Next(s_devices.Length + 1);
        packet.OutIfIndex = (uint)random.Next(s_devices.Length + 1);
        if (packet.Protocol == 1)
        {
            packet.IcmpType = (byte)(random.Next(3) * 4 + random.Next(2) * 3);
            packet.IcmpCode = (byte)random.Next(3);
        }
        else if (packet.Protocol != 47)
        {
            packet.SourcePortBe = Port();
            packet.DestinationPortBe = Port();
            packet.TcpFlags = (byte)random.Next(64);
        }
        if (packet.Protocol == 47) return packet;
        // Now and then without a transport header, whole or as a later fragment.
        if (random.Next(20) != 0) packet.Flags |= PacketFlags.HasTransport;
        else if (random.Next(2) == 0) packet.Flags |= PacketFlags.Fragment | PacketFlags.LaterFragment;
        return packet;
    }

    /// <summary>Rules whose values are few, so that they overlap; jumps, returns, and changes of what classifiers look at.</summary>
    internal static string RandomRules(Random random, int count)
    {
        var text = new StringBuilder("*mangle\n:PREROUTING ACCEPT [0:0]\n:c1 - [0:0]\n:c2 - [0:0]\n");
        string[] chains = ["PREROUTING", "PREROUTING", "c1", "c2"];
        for (var i = 0; i < count; i++) Rule(chains[random.Next(4)], "mangle");
        text.Append("COMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:c1 - [0:0]\n:c2 - [0:0]\n");
        chains[0] = chains[1] = "INPUT";
        for (var i = 0; i < count; i++) Rule(chains[random.Next(4)], "filter");
        return text.Append("COMMIT\n").ToString();

        T Pick<T>(params T[] options) => options[random.Next(options.Length)];
        string Not() => random.Next(7) == 0 ? "! " : "";
        string Prefix() => $"10.{random.Next(3)}.{random.Next(3)}.{random.Next(6)}/{Pick(0, 8, 14, 16, 23, 24, 30, 31, 32, 32, 32)}";
        string Ports() => Pick($"{random.Next(1000)}", $"{random.Next(500)}:{500 + random.Next(500)}", $":{random.Next(1000)}", "0:65535");
        string List() => string.Join(',', Enumerable.Range(0, random.Next(1, 6)).Select(_ => Pick($"{random.Next(1000)}", $"{random.Next(500)}:{500 + random.Next(500)}")));
        void Rule(string chain, string table)
        {
            text.Append($"-A {chain} ");
            if (random.Next(3) == 0) text.Append($"{Not()}-s {Prefix()} ");
            if (random.Next(3) == 0) text.Append($"{Not()}-d {Prefix()} ");
            if (random.Next(8) == 0) text.Append($"{Not()}-i {Pick("eth0", "eth+", "cali0123+", "cali0123456000", "wg0")} ");
            var protocol = Pick("", "tcp", "tcp", "udp", "icmp", "gre");
            if (protocol.Length > 0) text.Append($"{(protocol is "gre" ? Not() : "")}-p {protocol} ");
            if (protocol is "tcp" or "udp")
            {
                if (random.Next(3) == 0) text.Append($"-m {protocol} {Not()}--dport {Ports()} ");
                if (random.Next(6) == 0) text.Append($"-m {protocol} {Not()}--sport {Ports()} ");
                if (random.Next(8) == 0) text.Append($"-m multiport {Not()}--{Pick("sports", "dports", "ports")} {List()} ");
                if (protocol == "tcp" && random.Next(6) == 0) text.Append("-m tcp --syn ");
            }
            if (protocol == "icmp" && random.Next(2) == 0) text.Append($"-m icmp {Not()}--icmp-type {Pick("0", "3", "3/1", "8", "any")} ");
            if (random.Next(12) == 0) text.Append($"-m statistic --mode nth --every {random.Next(2, 4)} --packet 0 ");
            if (random.Next(6) == 0) text.Append($"-m conntrack {Not()}--ctstate {Pick("NEW", "ESTABLISHED,RELATED", "INVALID", "UNTRACKED,NEW", "DNAT", "NEW,SNAT")} ");
            if (random.Next(6) == 0) text.Append($"-m mark {Not()}--mark {Pick("0", "1", "2/3", "3")} ");
            text.Append(random.Next(10) switch
            {
                0 when chain[0] != 'c' => $"-j {Pick("c1", "c2")}",
                1 when chain[0] != 'c' => $"-g {Pick("c1", "c2")}",
                2 when chain == "c1" => "-j c2",
                3 => "-j RETURN",
                4 => "-j ACCEPT",
                5 => "-j DROP",
                6 or 7 when table == "mangle" => $"-j MARK --set-xmark {random.Next(4)}/{random.Next(1, 4)}",
                _ => "",
            });
            text.Append('\n');
        }
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Weir.Bpf.Loading;
using Weir.Bpf.Programs;
using Weir.Control.Instances;

namespace Weir.Bench;

/// <summary>Nanoseconds that the kernel measures for one run of a program on a packet of an established flow (BPF_PROG_TEST_RUN), without the way to and from it.</summary>
internal static class TestRuns
{
    private const int Runs = 2001;

    /// <summary>The table: what the router's programs take under different rules. Its packets have been seen before, as traffic.</summary>
    public static void Measure(int rounds)
    {
        var samples = new Samples("a program's run on one packet", "nanoseconds", false);
        foreach (var (name, target, set) in new (string, string, Action<Topology>)[]
        {
            ("no rules", "10.2.0.99", t => Engine.Weir.Load(t, Engine.Forward(0, false))),
            ("100 FORWARD rules", "10.2.0.99", t => Engine.Weir.Load(t, Engine.Forward(100, false))),
            ("1000 FORWARD rules", "10.2.0.99", t => Engine.Weir.Load(t, Engine.Forward(1000, false))),
            ("one conntrack rule", "10.2.0.99", t => Engine.Weir.Load(t, Engine.Forward(0, true))),
            ("DNAT", "10.1.0.1", t => Engine.Weir.Load(t, Instructions.Dnat)),
            ("virtual service", "10.1.0.1", t => Instructions.Services(t, Shell.Weir("ipvsadm"), 1)),
        })
        {
            using var topology = new Topology("r");
            set(topology);
            topology.Traffic($"send eth0 {topology.RouterMac} 10.1.0.2 {target} 4000 5000 20");
            for (var round = 0; round < rounds; round++)
            {
                foreach (var (program, from, to) in new[] { ("Ingress", "left", "left"), ("Egress", "left", "right") })
                {
                    var nanoseconds = Shell.Run($"ip netns exec {topology.Router} {Environment.ProcessPath} run {program} {from} {to} 10.1.0.2 {target}");
                    samples.Add($"{program}, {name}", double.Parse(nanoseconds, CultureInfo.InvariantCulture));
                }
            }
        }
        samples.Print();
    }

    /// <summary>
    /// <c>run PROGRAM FROM TO SOURCE DESTINATION [LENGTH]</c>, in the router: a UDP packet from port 4000 to 5000 that came by one device and is at another. Prints the
    /// median in nanoseconds.
    /// </summary>
    public static int Run(string[] arguments)
    {
        using var instance = Instance.TryOpen(StateFolder.Current()) ?? throw new InvalidOperationException("nothing is loaded in this namespace");
        using var program = BpfProgram.OpenPinned($"{instance.Pins}/programs/{arguments[0]}");
        var packet = Packet(IPAddress.Parse(arguments[3]), IPAddress.Parse(arguments[4]), arguments.Length > 5 ? int.Parse(arguments[5], CultureInfo.InvariantCulture) : 64);
        // Else the packet counts as someone else's.
        Convert.FromHexString(File.ReadAllText($"/sys/class/net/{arguments[2]}/address").Trim().Replace(":", "", StringComparison.Ordinal)).CopyTo(packet, 0);
        var times = new List<int>();
        for (var i = 0; i < Runs; i++)
        {
            if (arguments[0] == "Xdp")
            {
                var frame = new XdpBuff { End = (uint)packet.Length, IngressIfIndex = IndexOf(arguments[1]) };
                times.Add(program.Run(packet, ref frame).Nanoseconds);
                continue;
            }
            var context = new SkBuff { IngressIfIndex = IndexOf(arguments[1]), IfIndex = IndexOf(arguments[2]) };
            times.Add(program.Run(packet, ref context).Nanoseconds);
        }
        times.Sort();
        Console.WriteLine(times[Runs / 2]);
        return 0;
    }

    private static uint IndexOf(string device) => uint.Parse(File.ReadAllText($"/sys/class/net/{device}/ifindex"), CultureInfo.InvariantCulture);

    private static byte[] Packet(IPAddress source, IPAddress destination, int length)
    {
        var frame = new byte[length];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x0800);
        var ip = frame.AsSpan(14);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(length - 14));
        ip[8] = 64;
        ip[9] = 17;
        source.GetAddressBytes().CopyTo(ip[12..]);
        destination.GetAddressBytes().CopyTo(ip[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..20], 0));
        BinaryPrimitives.WriteUInt16BigEndian(ip[20..], 4000);
        BinaryPrimitives.WriteUInt16BigEndian(ip[22..], 5000);
        BinaryPrimitives.WriteUInt16BigEndian(ip[24..], (ushort)(length - 34));
        uint pseudoHeader = 17 + (uint)length - 34;
        for (var i = 12; i < 20; i += 2) pseudoHeader += BinaryPrimitives.ReadUInt16BigEndian(ip[i..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[26..], Checksum(ip[20..], pseudoHeader));
        return frame;
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes, uint sum)
    {
        for (var i = 0; i < bytes.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}

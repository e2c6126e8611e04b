using System.Net;
using System.Runtime.InteropServices;
using Weir.Control.Images;
using Weir.DataPath;
using Weir.DataPath.Image;
using Weir.DataPath.Services;
using Weir.DataPath.Tests.Services;
using Frame = Weir.DataPath.Tests.Bench.FrameIPv6;

namespace Weir.Kernel.Tests.TestRun;

/// <summary>IPv6 packets of all kinds, managed and in the kernel.</summary>
[Collection("network")]
public sealed unsafe class IPv6Tests(Twin twin) : IClassFixture<Twin>
{
    private const string Client = "2001:db8::7", Virtual = "fd01::1", First = "fd02::b", Second = "fd02::c";
    private const byte Fin = 1, Syn = 2, Rst = 4, Ack = 16;

    public static TheoryData<Scheduler> Schedulers => [.. Enum.GetValues<Scheduler>()];

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void Connections_agree(Scheduler scheduler)
    {
        Serve(scheduler, 6);
        for (var client = 0; client < 8; client++)
        {
            var address = $"2001:db8:{client * 7919 + 1:x}::{client * 13 + 1:x}";
            twin.Through(Frame.Tcp(address, 40000, Virtual, 80, Syn));
            var server = Frame.Destination(twin.Frame);
            Assert.Contains(server, (string[])[First, Second]);
            twin.Through(Frame.Tcp(server, 80, address, 40000, Syn | Ack), Twin.Eth1, Twin.Eth0);
            Assert.Equal($"[{Virtual}]:80>[{address}]:40000", Frame.Ends(twin.Frame));
            Assert.True(Frame.IsSound(twin.Frame));
            twin.Through(Frame.Tcp(address, 40000, Virtual, 80, Ack, 50));
            Assert.Equal($"[{address}]:40000>[{server}]:80", Frame.Ends(twin.Frame));
            twin.Through(Frame.Error("fd02::fe", address, 2, 0, twin.Frame, 1232, 1280), Twin.Eth1, Twin.Eth0);
            Assert.True(Frame.IsSound(twin.Frame) && Frame.IsSound(Frame.Quoted(twin.Frame)));
            twin.Through(Frame.Tcp(address, 40000, Virtual, 80, Fin | Ack));
            twin.Through(Frame.Tcp(server, 80, address, 40000, Fin | Ack), Twin.Eth1, Twin.Eth0);
            twin.Through(Frame.Tcp(address, 40000, Virtual, 80, Ack));
            twin.Through(Frame.Tcp(address, 40000, Virtual, 80, Syn));
            twin.Through(Frame.Tcp(address, 40000, Virtual, 80, Rst));
        }
    }

    [Fact]
    public void Datagrams_fragments_pings_and_answers_agree()
    {
        var bench = Serve(Scheduler.RoundRobin, 17);
        twin.Through(Frame.Udp(Client, 1000, Virtual, 80, 20, Frame.Extension(0, 5, 2)));
        twin.Through(Frame.Udp(Frame.Destination(twin.Frame), 80, Client, 1000, 33), Twin.Eth1, Twin.Eth0);
        var (first, later) = Frame.Split(Frame.Udp(Client, 1001, Virtual, 80, 100), 64);
        twin.Through(later);
        twin.Through(first);
        twin.Through(later);
        twin.Through(Frame.Error("fd02::fe", Client, 1, 4, twin.Frame, 100), Twin.Eth1, Twin.Eth0);
        twin.Through(Frame.Icmp(Client, First, 128));
        twin.Through(Frame.Icmp(First, Client, 129), Twin.Eth1, Twin.Eth0);
        twin.Through(Frame.Icmp(Client, Virtual, 135));
        twin.Through(Frame.Udp("fe80::1", 1000, "ff02::1", 80));
        twin.Through(Frame.Packet(50, Client, First, new byte[16], -1));
        // Made by the host.
        twin.Out(Frame.Udp("fd02::1", 2000, First, 53), Twin.Eth1);
        twin.Out(Frame.Udp(Virtual, 2000, Virtual, 80), Twin.Lo);
        bench.Remove("first");
        bench.Remove("second");
        twin.Mirror();
        foreach (var payload in (int[])[0, 3, 700, 1400])
        {
            Assert.Equal(TcAction.Redirect, twin.In(Frame.Udp(Client, 3000 + payload, Virtual, 80, payload)));
            Assert.True(Frame.IsSound(twin.Frame));
        }
    }

    [Fact]
    public void Random_packets_agree()
    {
        Serve(Scheduler.RoundRobin, 6);
        var random = new Random(12);
        byte[] extensions = [0, 43, 44, 50, 51, 60];
        for (var i = 0; i < 2000; i++)
        {
            byte[] chain = [.. Enumerable.Range(0, random.Next(3)).SelectMany(_ => Frame.Extension(extensions[random.Next(6)], [0, (byte)random.Next(2), 0, 0]))];
            var port = 40000 + random.Next(3);
            var frame = random.Next(4) switch
            {
                0 => Frame.Udp(Client, port, First, 53, random.Next(40), chain),
                1 => Frame.Icmp(Client, First, (byte)(random.Next(2) == 0 ? random.Next(6) : 128 + random.Next(20)), 0, 7, random.Next(60)),
                2 => Frame.Error(Client, "2001:db8::8", (byte)random.Next(1, 5), 0, Frame.Tcp("2001:db8::8", 80, Client, port, Ack), random.Next(70)),
                _ => Frame.Tcp(Client, port, Virtual, 80, (byte)random.Next(64), random.Next(40), chain),
            };
            for (var n = random.Next(4); n > 0; n--)
            {
                // Addresses stay as they are: routes of made-up ones are not the same everywhere.
                var at = random.Next(14, frame.Length);
                if (at is < 22 or >= 54) frame[at] = (byte)random.Next(256);
            }
            twin.Through(frame[..random.Next(54, frame.Length + 1)]);
        }
    }

    private ServiceBench Serve(Scheduler scheduler, byte protocol)
    {
        var empty = ImageBuilder.Empty();
        twin.Load(empty.Cells, empty.Flags | ActiveImage.Tracking | ActiveImage.Services, 0);
        var bench = new ServiceBench(scheduler);
        bench.Key.Address = Address(Virtual);
        bench.Key.Protocol = protocol;
        bench.Add("first", 1);
        bench.Add("second", 1);
        bench.ServerOf("first")->Address = Address(First);
        bench.ServerOf("second")->Address = Address(Second);
        twin.Mirror();
        return bench;
    }

    private static IpAddress Address(string text) => MemoryMarshal.Read<IpAddress>(IPAddress.Parse(text).MapToIPv6().GetAddressBytes());
}

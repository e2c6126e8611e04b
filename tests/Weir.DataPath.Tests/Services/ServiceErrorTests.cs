using Weir.DataPath.Image;
using Weir.DataPath.Services;
using Weir.DataPath.Tests.Bench;

namespace Weir.DataPath.Tests.Services;

/// <summary>ICMP errors about connections through virtual services (ip_vs_in_icmp, ip_vs_out_icmp).</summary>
[Collection("Maps")]
public sealed unsafe class ServiceErrorTests
{
    private const string Client = "198.51.100.7", Virtual = "192.0.2.1", Server = "10.0.0.11";

    private readonly TestImage _image = new TestImage().Tracked();

    public ServiceErrorTests() => _image.Flags |= ActiveImage.Services;

    private static void Serve(ForwardingMethod method = ForwardingMethod.Masquerading, byte protocol = 17)
    {
        var bench = new ServiceBench(Scheduler.RoundRobin, 0xc0000201);
        bench.Key.Protocol = protocol;
        bench.Add("server", 1);
        bench.ServerOf("server")->Address = ServiceBench.Address(0x0a00000b);
        bench.ServerOf("server")->PortBe = Bits.Swap(8000);
        bench.ServerOf("server")->Method = method;
        if (method != ForwardingMethod.Masquerading) bench.ServerOf("server")->PortBe = Bits.Swap(80);
    }

    private static void Is(Host host, string source, string destination, string quoted)
    {
        Assert.Equal((source, destination, quoted), (Frame.Source(host.Frame), Frame.Destination(host.Frame), Frame.Ends(Frame.Quoted(host.Frame))));
        Assert.True(Frame.IsSound(host.Frame), "checksums");
    }

    [Theory]
    [InlineData(6)]
    [InlineData(17)]
    public void A_servers_error_comes_to_the_client_from_the_virtual_address(byte protocol)
    {
        var host = new Host(_image);
        Serve(protocol: protocol);
        host.Through(protocol == 6 ? Frame.Tcp(Client, 40000, Virtual, 80, Frame.Syn) : Frame.Udp(Client, 40000, Virtual, 80));
        Assert.Equal($"{Client}:40000>{Server}:8000", Frame.Ends(host.Frame));
        var sent = host.Frame;
        Assert.Equal(Host.Pass, host.Through(Frame.Error(Server, Client, 3, 3, sent), Host.Eth1, Host.Eth0));
        Is(host, Virtual, Client, $"{Client}:40000>{Virtual}:80");
        Assert.True(Frame.IsSound(Frame.Quoted(host.Frame)), "checksums inside");
    }

    [Fact]
    public void An_error_about_an_answer_comes_to_the_server()
    {
        var input = _image.Add(BuiltInChain.FilterInput, new TestRule().Protocol(1).Destination(Virtual).State(ConntrackStates.Related));
        var host = new Host(_image);
        Serve();
        host.Through(Frame.Udp(Client, 40000, Virtual, 80));
        host.Through(Frame.Udp(Server, 8000, Client, 40000), Host.Eth1, Host.Eth0);
        Assert.Equal($"{Virtual}:80>{Client}:40000", Frame.Ends(host.Frame));
        Assert.Equal(Host.Pass, host.Through(Frame.Error("198.51.100.254", Virtual, 3, 4, host.Frame, rest: 1300)));
        Is(host, "198.51.100.254", Server, $"{Server}:8000>{Client}:40000");
        Assert.True(Frame.IsSound(Frame.Quoted(host.Frame)), "checksums inside");
        Assert.Equal(1ul, host.Packets(input));
    }

    [Fact]
    public void With_direct_routing_it_comes_to_the_server_as_it_is()
    {
        var host = new Host(_image);
        Serve(ForwardingMethod.DirectRoute);
        var action = host.In(Frame.Udp(Client, 40000, Virtual, 80));
        Assert.Equal((TcAction.Redirect, Host.Eth1), (action, host.Kernel.Redirected!.Value.IfIndex));
        // The server answered the client itself.
        var answer = Frame.Udp(Virtual, 80, Client, 40000);
        Assert.Equal(TcAction.Redirect, host.In(Frame.Error("198.51.100.254", Virtual, 3, 4, answer, rest: 1300)));
        Assert.Equal(Host.Eth1, host.Kernel.Redirected!.Value.IfIndex);
        Is(host, "198.51.100.254", Virtual, $"{Virtual}:80>{Client}:40000");
    }

    [Fact]
    public void A_rule_that_led_to_the_virtual_address_is_undone_too()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Destination("192.0.2.77").Protocol(17).Nat(low: Virtual, portLow: 80));
        var host = new Host(_image);
        Serve();
        host.Through(Frame.Udp(Client, 40000, "192.0.2.77", 99));
        Assert.Equal($"{Client}:40000>{Server}:8000", Frame.Ends(host.Frame));
        var sent = host.Frame;
        Assert.Equal(Host.Pass, host.Through(Frame.Error(Server, Client, 3, 3, sent), Host.Eth1, Host.Eth0));
        Is(host, "192.0.2.77", Client, $"{Client}:40000>192.0.2.77:99");
        host.Through(Frame.Udp(Server, 8000, Client, 40000), Host.Eth1, Host.Eth0);
        Assert.Equal(Host.Pass, host.Through(Frame.Error(Client, "192.0.2.77", 3, 3, host.Frame)));
        Is(host, Client, Server, $"{Server}:8000>{Client}:40000");
        Assert.True(Frame.IsSound(Frame.Quoted(host.Frame)), "checksums inside");
    }
}

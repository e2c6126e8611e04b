using System.Net;
using System.Net.Sockets;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Flows;

/// <summary>Connections that the kernel's own NAT began, when Weir begins to track: they go on, whoever speaks first.</summary>
[Collection("network")]
public sealed class TranslatedByOthersTests
{
    /// <summary>An address that the director would forward to.</summary>
    private const string Elsewhere = "10.3.0.9";

    [Theory]
    [InlineData(Line.DirectorAddress, "server")]
    [InlineData(Line.DirectorAddress, "client")]
    [InlineData(Elsewhere, "server")]
    [InlineData(Elsewhere, "client")]
    public void A_connection_goes_on(string address, string first)
    {
        using var line = new Line("to");
        try
        {
            line.Director.Run("iptables-legacy -t nat -A PREROUTING -p tcp --dport 81 -j DNAT --to-destination 10.3.0.2:80");
            line.Director.Run("iptables-legacy -t nat -A POSTROUTING -j MASQUERADE --random-fully");
            using var listener = line.Server.Inside(() => Blocking.Listen(new(IPAddress.Any, 80)));
            using var client = line.Client.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 5000 });
            client.Connect(new IPEndPoint(IPAddress.Parse(address), 81));
            using var server = listener.Accept();
            server.ReceiveTimeout = 5000;
            line.Director.Run($"{Shell.Weir("iptables")} -A FORWARD -m conntrack --ctstate NEW,ESTABLISHED");
            var (one, other) = first == "server" ? (server, client) : (client, server);
            for (byte i = 0; i < 5; i++)
            {
                Assert.Equal(i, Pass(one, other, i));
                Assert.Equal(i + 100, Pass(other, one, (byte)(i + 100)));
            }
        }
        finally
        {
            line.Director.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    private static int Pass(Socket from, Socket to, byte value)
    {
        from.Send([value]);
        var got = new byte[1];
        return to.Receive(got) == 1 ? got[0] : -1;
    }
}

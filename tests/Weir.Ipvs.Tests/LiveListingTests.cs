using Weir.Model;

namespace Weir.Ipvs.Tests;

/// <summary>Listings of live values; the texts were captured from ipvsadm 1.31 on Linux 6.1.</summary>
public sealed class LiveListingTests
{
    private readonly FakeServiceStore _store = new();

    [Theory]
    [InlineData("-Ln", """
        IP Virtual Server version 1.2.1 (size=4096)
        Prot LocalAddress:Port Scheduler Flags
          -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
        TCP  127.0.0.1:32016 rr
          -> 127.0.0.1:8000               Masq    1      2          156       |
          -> 127.0.0.1:8001               Masq    1      0          155       |

        """)]
    [InlineData("-L -t localhost:32016", """
        Prot LocalAddress:Port Scheduler Flags
          -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
        TCP  localhost:32016 rr
          -> localhost:8000               Masq    1      2          156       |
          -> localhost:8001               Masq    1      0          155       |

        """)]
    [InlineData("-Ln --stats", """
        IP Virtual Server version 1.2.1 (size=4096)
        Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
          -> RemoteAddress:Port
        TCP  127.0.0.1:32016                   301     1505      928    80668    54276
          -> 127.0.0.1:8000                    150      750      460    40200    26920
          -> 127.0.0.1:8001                    151      755      468    40468    27356

        """)]
    [InlineData("-Ln --rate", """
        IP Virtual Server version 1.2.1 (size=4096)
        Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS
          -> RemoteAddress:Port
        TCP  127.0.0.1:32016                    26      132       81     7056     4743
          -> 127.0.0.1:8000                     13       66       40     3514     2349
          -> 127.0.0.1:8001                     13       66       41     3542     2394

        """)]
    [InlineData("-Ln --thresholds", """
        IP Virtual Server version 1.2.1 (size=4096)
        Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn |
          -> RemoteAddress:Port
        TCP  127.0.0.1:32016 rr
          -> 127.0.0.1:8000               0          0          2          156       |
          -> 127.0.0.1:8001               0          0          0          155       |

        """)]
    [InlineData("-Ln --persistent-conn", """
        IP Virtual Server version 1.2.1 (size=4096)
        Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn |
          -> RemoteAddress:Port
        TCP  127.0.0.1:32016 rr
          -> 127.0.0.1:8000               1         1           2          156       |
          -> 127.0.0.1:8001               1         0           0          155       |

        """)]
    public void Live_values_fill_the_columns(string arguments, string expected)
    {
        Shell.Do(_store, "-A -t 127.0.0.1:32016 -s rr");
        Shell.Do(_store, "-a -t 127.0.0.1:32016 -r 127.0.0.1:8000 -m");
        Shell.Do(_store, "-a -t 127.0.0.1:32016 -r 127.0.0.1:8001 -m");
        _store.Update(state => state with
        {
            Counters = new(301, 1505, 928, 80668, 54276),
            Rates = new(26, 132, 81, 7056, 4743),
            Servers =
            [
                state.Servers[0] with
                {
                    InactiveConnections = 155,
                    Counters = new(151, 755, 468, 40468, 27356),
                    Rates = new(13, 66, 41, 3542, 2394),
                },
                state.Servers[1] with
                {
                    ActiveConnections = 2,
                    InactiveConnections = 156,
                    PersistentConnections = 1,
                    Counters = new(150, 750, 460, 40200, 26920),
                    Rates = new(13, 66, 40, 3514, 2349),
                },
            ],
        });

        Assert.Equal(WithoutMarks(expected), Shell.Do(_store, arguments));
    }

    [Fact]
    public void Zeroing_clears_one_service_or_all()
    {
        Shell.Do(_store, "-A -t 10.0.0.1:80");
        Shell.Do(_store, "-A -t 10.0.0.2:80");
        _store.Update(state => state with { Counters = new(7, 7, 7, 7, 7) });

        Shell.Do(_store, "-Z -t 10.0.0.1:80");
        Assert.Equal(7ul, _store.Find(ServiceKey.Of(ServiceProtocol.Tcp, Address.Parse("10.0.0.2"), 80))!.Counters.Connections);
        Assert.Equal(0ul, _store.Find(ServiceKey.Of(ServiceProtocol.Tcp, Address.Parse("10.0.0.1"), 80))!.Counters.Connections);

        Shell.Do(_store, "-Z");
        Assert.All(_store.List(), state => Assert.Equal(default, state.Counters));
    }

    [Theory]
    [InlineData("-Lnc", """
        IPVS connection entries
        pro expire state       source             virtual            destination
        UDP 04:48  UDP         10.0.0.111:5060    10.0.0.8:5060      127.0.0.1:5060
        TCP 14:48  ESTABLISHED 10.0.0.7:40002     10.0.0.7:80        10.1.0.1:8080
        TCP 14:48  ESTABLISHED [fd00::7]:40003    [fd00::7]:80       [fd00:1234:5678:9abc:def0:1234:5678:9abc]:8080
        TCP 01:18  NONE        127.0.0.1:22       10.0.0.7:80        10.1.0.1:8080
        UDP 00:58  NONE        10.0.0.111:0       10.0.0.8:5060      127.0.0.1:5060

        """)]
    [InlineData("-Lc", """
        IPVS connection entries
        pro expire state       source             virtual            destination
        UDP 04:48  UDP         10.0.0.111:sip     short:sip          localhost:sip
        TCP 14:48  ESTABLISHED a-very-long-host-name-for-a-virtual-service.example.org:400 a-very-long-host-name-for-a-virtual-service.example.org:htt 10.1.0.1:http-alt
        TCP 14:48  ESTABLISHED [six.example.org]:40003 [six.example.org]:http [fd00:1234:5678:9abc:def0:1234:5678:9abc]:http-alt
        TCP 01:18  NONE        localhost:ssh      a-very-long-host-name-for-a-virtual-service.example.org:htt 10.1.0.1:http-alt
        UDP 00:58  NONE        10.0.0.111:0       short:sip          localhost:sip

        """)]
    [InlineData("-Lnc --persistent-conn", """
        IPVS connection entries
        pro expire state       source             virtual            destination        pe name          pe_data
        UDP 04:48  UDP         10.0.0.111:5060    10.0.0.8:5060      127.0.0.1:5060
        TCP 14:48  ESTABLISHED 10.0.0.7:40002     10.0.0.7:80        10.1.0.1:8080
        TCP 14:48  ESTABLISHED [fd00::7]:40003    [fd00::7]:80       [fd00:1234:5678:9abc:def0:1234:5678:9abc]:8080
        TCP 01:18  NONE        127.0.0.1:22       10.0.0.7:80        10.1.0.1:8080
        UDP 00:58  NONE        10.0.0.111:0       10.0.0.8:5060      127.0.0.1:5060   sip                abc123@host

        """)]
    public void Connections_are_listed_in_the_order_of_the_table(string arguments, string expected)
    {
        Add(ServiceProtocol.Udp, 288, "UDP", "10.0.0.111", 5060, "10.0.0.8", 5060, "127.0.0.1", 5060);
        Add(ServiceProtocol.Tcp, 888, "ESTABLISHED", "10.0.0.7", 40002, "10.0.0.7", 80, "10.1.0.1", 8080);
        Add(ServiceProtocol.Tcp, 888, "ESTABLISHED", "fd00::7", 40003, "fd00::7", 80, "fd00:1234:5678:9abc:def0:1234:5678:9abc", 8080);
        Add(ServiceProtocol.Tcp, 78, "NONE", "127.0.0.1", 22, "10.0.0.7", 80, "10.1.0.1", 8080);
        Add(ServiceProtocol.Udp, 58, "NONE", "10.0.0.111", 0, "10.0.0.8", 5060, "127.0.0.1", 5060);
        _store.Entries[^1] = _store.Entries[^1] with { PersistenceEngine = "sip", PersistenceData = "abc123@host" };

        Assert.Equal(expected, Shell.Do(_store, arguments));
    }

    [Fact]
    public void A_template_of_a_service_by_mark_is_IP_and_long_times_keep_their_minutes()
    {
        Add(null, 44640 * 60, "ASSURED", "10.0.0.8", 0, "0.0.0.5", 0, "10.1.0.1", 0);

        Assert.EndsWith("IP  44640:00 ASSURED     10.0.0.8:0         0.0.0.5:0          10.1.0.1:0\n", Shell.Do(_store, "-Lnc"), StringComparison.Ordinal);
    }

    private void Add(
        ServiceProtocol? protocol, uint expires, string state, string client, ushort clientPort, string address, ushort port,
        string server, ushort serverPort) =>
        _store.Entries.Add(new()
        {
            Protocol = protocol,
            Expires = expires,
            State = state,
            Client = new(Address.Parse(client), clientPort),
            Virtual = new(Address.Parse(address), port),
            Destination = new(Address.Parse(server), serverPort),
        });

    // A bar marks the end of lines that end in blanks.
    private static string WithoutMarks(string text) => text.Replace("|\n", "\n", StringComparison.Ordinal);
}

namespace Weir.Ipvs.Tests;

/// <summary>What is saved restores to the same, by number and by name.</summary>
public sealed class RoundTripTests
{
    private const string Rules = """
        -A -t 10.0.0.1:80 -s wrr -p 60 -M 255.255.0.0
        -a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 3
        -a -t 10.0.0.1:80 -r 10.1.0.2:80 -g -w 0
        -a -t 10.0.0.1:80 -r 10.1.0.3:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
        -A -u 10.0.0.1:53 -s sh -o -b sh-fallback,sh-port
        -A --sctp-service 10.0.0.8:9 -s mh -b mh-port
        -A -t [fd00::7]:443 -s wlc -p 360 -M 64 --pe sip
        -a -t [fd00::7]:443 -r [fd00::9]:443 -m -w 1
        -A -f 5 -s dh
        -a -f 5 -r 127.0.0.1:0 -m -w 1
        -A -f 5 -6 -s rr

        """;

    [Fact]
    public void By_number()
    {
        var store = new FakeServiceStore();
        Assert.Equal((0, "", ""), Shell.Run(store, "ipvsadm-restore", [], Rules));
        Assert.Equal(Rules, Shell.Run(store, "ipvsadm-save", ["-n"]).Output);
    }

    [Fact]
    public void By_name()
    {
        const string named = """
            -A -t short:http -s rr
            -a -t short:http -r localhost:http-alt -m -w 1
            -A -u localhost:domain -s rr

            """;
        var store = new FakeServiceStore();
        Assert.Equal((0, "", ""), Shell.Run(store, "/usr/sbin/ipvsadm-restore", [], named));
        Assert.Equal(named, Shell.Run(store, "/usr/sbin/ipvsadm-save", []).Output);
    }
}

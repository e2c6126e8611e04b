namespace Weir.Ipvs.Tests;

/// <summary>Whatever is typed or restored ends with one of ipvsadm's exit codes, and what it refuses changes nothing.</summary>
public sealed class HostileInputTests
{
    private static readonly string[] Pieces =
    [
        "-A", "-E", "-D", "-a", "-e", "-d", "-L", "-S", "-Z", "-R", "-t", "-u", "-f", "-s", "-p", "-M", "-r", "-m", "-i", "-w", "-b", "-6",
        "--tcp-service", "--start-daemon", "--mcast-group", "--set", "--", "-", "", "=", "[", "]:", ":", "::", "[::]:0", "10.0.0.1:80",
        "0x", "0x1ffffffffffffffffffff", "1.2.3.4.5.6", "99999999999999999999", "-1", " ", "\0", "\u00e9\ud800", "rr", "--=", "-=", "-t=", "%s%n",
    ];

    [Fact]
    public void Random_words_end_with_a_known_code()
    {
        var random = new Random(20260101);
        for (var i = 0; i < 20000; i++)
        {
            var store = new FakeServiceStore();
            var words = new string[random.Next(8)];
            for (var j = 0; j < words.Length; j++)
            {
                words[j] = Pieces[random.Next(Pieces.Length)];
                if (random.Next(4) == 0) words[j] += Pieces[random.Next(Pieces.Length)];
            }

            var (exitCode, _, error) = Shell.Run(store, "ipvsadm", words, string.Join(' ', words));

            Assert.True(exitCode is 0 or 1 or 2 or 255, $"{exitCode}");
            Assert.True(exitCode == 0 || error.EndsWith('\n'), string.Join(' ', words));
            if (exitCode != 0) Assert.Empty(store.List());
        }
    }

    [Fact]
    public void A_very_long_line_is_read_like_any_other()
    {
        var store = new FakeServiceStore();
        var input = $"-A -t 10.0.0.1:80{new string(' ', 1_000_000)}-s rr\n-A -t 10.0.0.2:80 -s {new string('r', 1_000_000)}\n";

        Assert.Equal((255, "Scheduler or persistence engine not found\n"), Restore(store, input));
        Assert.Equal("-A -t 10.0.0.1:80 -s rr\n", Shell.Do(store, "-Sn"));
    }

    private static (int ExitCode, string Error) Restore(FakeServiceStore store, string input)
    {
        var (exitCode, _, error) = Shell.Run(store, "ipvsadm", ["-R"], input);
        return (exitCode, error);
    }
}

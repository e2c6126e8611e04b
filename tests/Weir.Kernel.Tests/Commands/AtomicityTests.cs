using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Commands;

/// <summary>Commands side by side and commands that are killed: nothing is lost, nothing is half done.</summary>
[Collection("network")]
public sealed partial class AtomicityTests : IDisposable
{
    private readonly NetworkNamespace _place = new("atomic");

    public void Dispose()
    {
        _place.Execute([Shell.Weir("weir"), "down"]);
        _place.Dispose();
    }

    [Fact]
    public async Task Concurrent_commands_all_take_effect()
    {
        var commands = Enumerable.Range(0, 24).Select(i => Task.Run(() =>
            i % 3 == 2
                ? _place.Execute([Shell.Weir("ipvsadm"), "-A", "-t", $"10.0.0.{i}:80", "-s", "rr"])
                : _place.Execute([Shell.Weir("iptables"), "-w", "-A", "INPUT", "-s", $"10.0.0.{i}", "-j", "DROP"]))).ToArray();
        Assert.All(await Task.WhenAll(commands), c => Assert.Equal((0, ""), (c.Code, c.Error)));
        var rules = _place.Run($"{Shell.Weir("iptables")} -S INPUT");
        var services = _place.Run($"{Shell.Weir("ipvsadm")} -Sn");
        for (var i = 0; i < 24; i++) Assert.Contains(i % 3 == 2 ? $"-A -t 10.0.0.{i}:80 -s rr\n" : $"-A INPUT -s 10.0.0.{i}/32 -j DROP\n", i % 3 == 2 ? services : rules);
    }

    /// <summary>Who holds the lock of iptables itself is alone with the rules, in the original's words.</summary>
    [Fact]
    public async Task Changes_keep_out_of_the_way_of_who_holds_the_lock_of_iptables()
    {
        var file = Path.Combine(Path.GetTempPath(), $"weir-xtables-{Environment.ProcessId}.lock");
        // .NET takes a lock of flock(2) for a file that is opened for nobody else.
        var held = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        string[] command = ["-w", "1", "-A", "INPUT", "-j", "DROP"];
        var expected = Run("iptables-legacy", command);
        Assert.Equal((4, "", $"Can't lock {file}: Resource temporarily unavailable\nAnother app is currently holding the xtables lock. Stopped waiting after 1s.\n"), expected);
        Assert.Equal(expected, Run(Shell.Weir("iptables"), command));
        Assert.Equal((0, "-P INPUT ACCEPT\n", ""), Run(Shell.Weir("iptables"), ["-S", "INPUT"]));
        // Without an end to the wait they do, and without -w also in the original.
        var waiting = Task.WhenAll(new[] { "iptables-legacy", Shell.Weir("iptables") }.Select(tool => Task.Run(() => Run(tool, ["-A", "INPUT", "-j", "DROP"]))));
        Assert.NotSame(waiting, await Task.WhenAny(waiting, Task.Delay(300)));
        await held.DisposeAsync();
        Assert.Equal([(0, "", ""), (0, "", "")], await waiting);
        Assert.Equal((0, "-P INPUT ACCEPT\n-A INPUT -j DROP\n", ""), Run(Shell.Weir("iptables"), ["-S", "INPUT"]));
        File.Delete(file);

        (int Code, string Output, string Error) Run(string tool, string[] words) => _place.Execute(["env", $"XTABLES_LOCKFILE={file}", tool, .. words]);
    }

    /// <summary>A killed first command leaves either nothing or everything: the next one works.</summary>
    [Fact]
    public void Killed_first_command_leaves_nothing_behind()
    {
        var random = new Random(7);
        for (var round = 0; round < 8; round++)
        {
            KillAfter(["iptables", "-A", "INPUT", "-p", "udp", "-j", "DROP"], null, TimeSpan.FromMilliseconds(random.Next(1, 120)));
            var (code, output, error) = _place.Execute([Shell.Weir("iptables"), "-S", "INPUT"]);
            Assert.Equal((0, ""), (code, error));
            Assert.Contains(output, new[] { "-P INPUT ACCEPT\n", "-P INPUT ACCEPT\n-A INPUT -p udp -j DROP\n" });
            Assert.Equal(0, _place.Execute([Shell.Weir("weir"), "down"]).Code);
        }
    }

    [Fact]
    public void Killed_restore_leaves_the_old_or_the_new_rules()
    {
        var random = new Random(1);
        var (first, second) = (Rules("10.1", 3000), Rules("10.2", 3000));
        _place.Run(Shell.Weir("iptables-restore"), first);
        var (saved, other) = (Saved(), "");
        var olds = 0;
        for (var round = 0; round < 30; round++)
        {
            var (from, to) = round % 2 == 0 ? (first, second) : (second, first);
            _place.Run(Shell.Weir("iptables-restore"), from);
            saved = Saved();
            KillAfter(["iptables-restore"], to, TimeSpan.FromMilliseconds(random.Next(2, 60)));
            other = Saved();
            if (other == saved) olds++;
            else Assert.Equal(Normal(to), other);
        }
        // Some were killed in time; otherwise this test would say nothing.
        Assert.InRange(olds, 1, 30);
        Assert.Equal(0, _place.Execute([Shell.Weir("iptables"), "-A", "INPUT", "-j", "ACCEPT"]).Code);
    }

    [Fact]
    public void Killed_ipvsadm_leaves_the_old_or_the_new_servers()
    {
        var random = new Random(2);
        _place.Run($"{Shell.Weir("ipvsadm")} -A -t 10.0.0.1:80 -s wrr");
        for (var round = 0; round < 30; round++)
        {
            var before = _place.Run($"{Shell.Weir("ipvsadm")} -Sn");
            KillAfter(["ipvsadm", "-a", "-t", "10.0.0.1:80", "-r", $"10.0.1.{round}:80", "-m"], null, TimeSpan.FromMilliseconds(random.Next(1, 12)));
            var after = _place.Run($"{Shell.Weir("ipvsadm")} -Sn");
            if (after != before) Assert.Equal(before.Length + $"-a -t 10.0.0.1:80 -r 10.0.1.{round}:80 -m -w 1\n".Length, after.Length);
        }
    }

    [Fact]
    public void Bad_restore_changes_nothing()
    {
        _place.Run(Shell.Weir("iptables-restore"), Rules("10.3", 5));
        var before = Saved();
        foreach (var bad in new[]
        {
            "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\n-A INPUT -j NOSUCHTARGET\nCOMMIT\n",
            "*filter\n-A INPUT -j DROP\n",
            "*nosuchtable\nCOMMIT\n",
            "*nat\n-F\nCOMMIT\n*filter\n-A INPUT -p tcp --dport 99999 -j DROP\nCOMMIT\n",
            "*filter\n-A NOSUCHCHAIN -j DROP\nCOMMIT\n",
            "*filter\nrubbish\nCOMMIT\n",
        })
        {
            var (code, _, error) = _place.Execute([Shell.Weir("iptables-restore")], bad);
            Assert.NotEqual(0, code);
            Assert.NotEqual("", error);
            Assert.Equal(before, Saved());
        }
    }

    private void KillAfter(string[] command, string? input, TimeSpan delay)
    {
        var start = new ProcessStartInfo("ip") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in (string[])["netns", "exec", _place.Name, Shell.Weir(command[0]), .. command[1..]]) start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        var feeding = Task.Run(() =>
        {
            try
            {
                process.StandardInput.Write(input ?? "");
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // Killed while it read.
            }
        });
        Thread.Sleep(delay);
        process.Kill();
        process.WaitForExit();
        feeding.Wait();
    }

    private static string Rules(string prefix, int count)
    {
        var text = new StringBuilder("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n");
        for (var i = 0; i < count; i++) text.Append($"-A INPUT -s {prefix}.{i >> 8}.{i & 255}/32 -p tcp -m tcp --dport {i + 1} -j DROP\n");
        return text.Append("COMMIT\n").ToString();
    }

    private string Saved() => Normal(_place.Run($"{Shell.Weir("iptables-save")} -t filter"));

    /// <summary>Without comments and counters.</summary>
    private static string Normal(string rules) => Noise().Replace(rules, "");

    [GeneratedRegex(@"^#.*\n| \[\d+:\d+\]", RegexOptions.Multiline)]
    private static partial Regex Noise();
}

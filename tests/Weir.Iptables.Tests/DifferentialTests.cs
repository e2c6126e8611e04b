using System.Globalization;
using System.Text;
using Weir.Iptables.Tests.Support;
using Weir.Model.Rules;

namespace Weir.Iptables.Tests;

/// <summary>
/// The same random commands for the real iptables-legacy in a namespace and for Weir: outputs, errors and exit codes agree, and the rules
/// afterwards. WEIR_SEED and WEIR_SEQUENCES choose others.
/// </summary>
public sealed class DifferentialTests
{
    private const int CommandsEach = 40;

    private static readonly int Seed = Setting("WEIR_SEED", 1);
    private static readonly int Sequences = Setting("WEIR_SEQUENCES", 20);

    [Fact]
    public void RandomCommands_PrintAndReturnWhatTheOriginalDoes()
    {
        var differences = new StringBuilder();
        var found = 0;
        for (var seed = Seed; seed < Seed + Sequences; seed++)
        {
            found += RunSequence(seed, differences);
            if (found > 30) break;
        }
        Assert.True(found == 0, differences.ToString());
    }

    [Fact]
    public void RandomFiles_AreRestoredAsByTheOriginal_OrChangeNothing()
    {
        var differences = new StringBuilder();
        var found = 0;
        for (var seed = Seed; seed < Seed + Sequences; seed++)
        {
            found += RestoreFiles(seed, differences);
            if (found > 30) break;
        }
        Assert.True(found == 0, differences.ToString());
    }

    private static int RestoreFiles(int seed, StringBuilder differences)
    {
        using var original = new Original();
        var store = new MemoryStore();
        var random = new Random(seed);
        var generator = new CommandGenerator(random);
        var found = 0;
        for (var i = 0; i < CommandsEach / 4 && found < 5; i++)
        {
            List<string> arguments = [];
            foreach (var option in (string[])["-c", "-n", "-v", "-t", "--counters", "--noflush"])
            {
                if (random.Next(8) == 0) arguments.Add(option);
            }
            if (random.Next(10) == 0) arguments.AddRange(["-T", "nat"]);
            if (random.Next(40) == 0) arguments.Add("--foo");
            var file = generator.RestoreFile();
            var before = store.Read(Model.AddressFamily.IPv4);
            var ours = Tools.Run(store, "iptables-restore", arguments, file);
            if (ours.Errors.Contains("Weir does not support", StringComparison.Ordinal)) continue;
            found += Compare(seed, "iptables-restore", arguments, file, original.Run("iptables-restore", arguments, file), ours,
                differences);
            if (ours.ExitCode == 0)
            {
                found += CompareSaved(seed, arguments, original, store, differences);
                continue;
            }
            Assert.Equal(before, store.Read(Model.AddressFamily.IPv4));
            // The original may have done the tables before the mistake: start both anew.
            Reset((program, text) => original.Run(program, [], text));
            Reset((program, text) => Tools.Run(store, program, [], text));
        }
        return found;

        static void Reset(Func<string, string, Outcome> run)
            => Assert.Equal(0, run("iptables-restore", string.Concat(TableKinds.All.Select(table =>
                $"*{table.Name()}\n{string.Concat(table.Hooks().Select(hook => $":{hook.ChainName()} ACCEPT\n"))}COMMIT\n"))).ExitCode);
    }

    private static int RunSequence(int seed, StringBuilder differences)
    {
        using var original = new Original();
        var store = new MemoryStore();
        var generator = new CommandGenerator(new Random(seed));
        var found = 0;
        for (var i = 0; i < CommandsEach; i++)
        {
            var arguments = generator.Command();
            // Weir says so where it does not know what the original knows.
            var ours = Tools.Run(store, "iptables", arguments);
            if (ours.Errors.Contains("Weir does not support", StringComparison.Ordinal)) continue;
            found += Compare(seed, "iptables", arguments, "", original.Run("iptables", arguments), ours, differences);
            if (i % 10 == 9) found += CompareSaved(seed, arguments, original, store, differences);
            if (found > 5) break;
        }
        return found;
    }

    private static int CompareSaved(int seed, List<string> arguments, Original original, MemoryStore store, StringBuilder differences)
    {
        var found = 0;
        foreach (var table in TableKinds.All)
        {
            var theirs = original.Run("iptables-save", ["-c", "-t", table.Name()]);
            var ours = Tools.Run(store, "iptables-save", ["-c", "-t", table.Name()]);
            found += Compare(seed, $"iptables-save -t {table.Name()} after", arguments, "", Comparable(theirs), Comparable(ours),
                differences);
        }
        return found;
    }

    /// <summary>
    /// Without dates, and without the counters of policies: the original (seen with 1.8.9 on Linux 6.18) loses them with every change of
    /// the table, Weir keeps them.
    /// </summary>
    private static Outcome Comparable(Outcome outcome) => outcome with
    {
        Output = string.Join('\n', outcome.Output.Split('\n').Select(line => line switch
        {
            ['#', ..] => line.Split(" on ")[0],
            [':', ..] => line.Split('[')[0],
            _ => line,
        })),
    };

    private static int Compare(int seed, string program, List<string> arguments, string input, Outcome theirs, Outcome ours,
        StringBuilder differences)
    {
        // A second -v dumps the kernel's structures, which Weir does not have.
        if (theirs.Output.IndexOf("libiptc v", StringComparison.Ordinal) is >= 0 and var dump)
            theirs = theirs with { Output = theirs.Output[..dump] };
        // A namespace has no DNS, and then the answer is another one than "no such name".
        theirs = theirs with
        {
            Errors = theirs.Errors.Replace("Temporary failure in name resolution", "Name or service not known", StringComparison.Ordinal),
        };
        // -V says who answers.
        ours = ours with { Output = ours.Output.Replace("1.8.9 (weir)", "1.8.9 (legacy)", StringComparison.Ordinal) };
        if (theirs == ours) return 0;
        differences.Append(CultureInfo.InvariantCulture,
            $"seed {seed}: {program} {string.Join(' ', arguments.Select(argument => $"'{argument}'"))}\n{input}");
        if (theirs.ExitCode != ours.ExitCode)
            differences.Append(CultureInfo.InvariantCulture, $"  exit code {theirs.ExitCode}, Weir {ours.ExitCode}\n");
        Show("output", theirs.Output, ours.Output);
        Show("errors", theirs.Errors, ours.Errors);
        return 1;

        void Show(string what, string expected, string actual)
        {
            if (expected == actual) return;
            var expectedLines = expected.Split('\n');
            var actualLines = actual.Split('\n');
            var shown = 0;
            for (var i = 0; i < Math.Max(expectedLines.Length, actualLines.Length); i++)
            {
                var left = i < expectedLines.Length ? expectedLines[i] : "(none)";
                var right = i < actualLines.Length ? actualLines[i] : "(none)";
                if (left == right) continue;
                if (shown++ == 3) break;
                differences.Append(CultureInfo.InvariantCulture, $"  {what} line {i + 1}\n    iptables |{left}|\n    Weir     |{right}|\n");
            }
        }
    }

    private static int Setting(string name, int otherwise)
        => int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}

using System.Globalization;
using System.Text.RegularExpressions;
using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.Differential;

/// <summary>
/// Random rule sets and conversations through Weir and through the real iptables-legacy, packet by packet: what arrives, how it was rewritten, and every
/// counter must agree. WEIR_DIFFERENTIAL_SEED is the first seed, WEIR_DIFFERENTIAL_COUNT how many (60 from the first, or the one that is named).
/// </summary>
[Collection("network")]
public sealed partial class DifferentialTests
{
    private const int Packets = 60;

    [Fact]
    public void Weir_does_to_every_packet_what_iptables_does()
    {
        var first = Number("WEIR_DIFFERENTIAL_SEED");
        var count = Number("WEIR_DIFFERENTIAL_COUNT") ?? (first is null ? 60 : 1);
        var failures = new List<string>();
        foreach (var seed in Enumerable.Range(first ?? 1, count))
        {
            if (Compare(seed, Shell.Weir("iptables-restore"), Shell.Weir("iptables-save")) is { } difference) failures.Add(difference);
            if (failures.Count == 3) break;
        }
        if (failures.Count > 0) throw new XunitException(string.Join("\n\n", failures));
    }

    /// <summary>The measuring stick itself: iptables-legacy agrees with itself, packet by packet, on many conversations.</summary>
    [Fact]
    public void Iptables_agrees_with_itself()
    {
        for (var seed = 1001; seed < 1006; seed++)
        {
            if (Compare(seed, "iptables-legacy-restore", "iptables-legacy-save") is { } difference) throw new XunitException(difference);
        }
    }

    /// <summary>What differs, or null. Counters are looked at once at the end; where they differ, a second run looks after each packet and names the one.</summary>
    private static string? Compare(int seed, string restore, string save) => Compare(seed, restore, save, false) is { } difference
        ? difference.StartsWith("counters", StringComparison.Ordinal) ? Compare(seed, restore, save, true) ?? $"seed {seed}, at the end only: {difference}" : difference
        : null;

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private static string? Compare(int seed, string restore, string save, bool isStepwise)
    {
        var random = new Random(seed);
        var rules = new RuleGenerator(random).Next();
        using var reference = new Router($"d{seed}l");
        using var subject = new Router($"d{seed}w");
        try
        {
            reference.Namespace.Run("iptables-legacy-restore -w", rules);
            // Now and then one by one, which changes the image instead of building it.
            if (seed % 6 == 0) Enter(subject, restore.Replace("-restore", "", StringComparison.Ordinal), rules);
            else subject.Namespace.Run($"{restore} -w", rules);
            var conversation = new Conversation(random);
            var trace = new List<string>();
            for (var step = 1; step <= Packets; step++)
            {
                var (left, frame) = conversation.Next();
                var wanted = reference.Exchange(left, frame);
                var got = subject.Exchange(left, frame, wanted.Count);
                var (wantedText, gotText) = (Describe(wanted), Describe(got));
                var packet = $"packet {step}, {(left ? "left" : "right")} {Frame.Describe(frame)}\n";
                trace.Add(packet + wantedText);
                if (wantedText != gotText)
                {
                    // Where the source port of a translated flow is taken, netfilter draws another at random: the conversation ends there.
                    if (Describe(wanted, withPorts: false) == Describe(got, withPorts: false)) break;
                    return $"seed {seed}, {packet} wanted:\n{wantedText} got:\n{gotText} {Counters(reference, subject, save)}\n before:\n{Last(trace)} rules:\n{rules}";
                }
                if (isStepwise && Counters(reference, subject, save) is { } early) return $"seed {seed}, {packet} came out:\n{wantedText} {early}\n before:\n{Last(trace)} rules:\n{rules}";
                foreach (var (side, arrived) in wanted) conversation.Arrived(side, arrived);
            }
            return Counters(reference, subject, save);
        }
        finally
        {
            if (save.StartsWith('/')) subject.Namespace.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    /// <summary>Rules as commands, the last of each chain first: in front of the others.</summary>
    private static void Enter(Router router, string iptables, string rules)
    {
        var table = "";
        var entered = new List<string>();
        foreach (var line in rules.Split('\n'))
        {
            var words = line.Split(' ');
            if (line.StartsWith('*')) table = $"{iptables} -w -t {line[1..]}";
            else if (line.StartsWith(':')) router.Namespace.Run(words[1] == "-" ? $"{table} -N {words[0][1..]}" : $"{table} -P {words[0][1..]} {words[1]}");
            else if (line.StartsWith("-A", StringComparison.Ordinal)) entered.Add($"{table} -I {line[3..]}");
        }
        entered.Reverse();
        foreach (var command in entered) router.Namespace.Run(command);
    }

    private static string Last(List<string> trace) => string.Concat(trace.SkipLast(1));

    /// <summary>The lines of the saved tables that differ, or null.</summary>
    private static string? Counters(Router reference, Router subject, string save)
    {
        var wanted = Save(reference, "iptables-legacy-save").Split('\n');
        var got = Save(subject, save).Split('\n');
        if (wanted.SequenceEqual(got)) return null;
        if (wanted.Length != got.Length) return $"counters wanted:\n{string.Join('\n', wanted)} counters got:\n{string.Join('\n', got)}";
        var table = "";
        var text = "counters";
        foreach (var (line, other) in wanted.Zip(got))
        {
            if (line.StartsWith('*')) table = line;
            if (line != other) text += $"\n  {table} wanted {line}\n  {table} got    {other}";
        }
        return text;
    }

    private static string Describe(List<(bool Left, byte[] Frame)> frames, bool withPorts = true) =>
        string.Concat(frames.Select(f => $"  {(f.Left ? "left" : "right")} {Frame.Describe(withPorts ? f.Frame : Frame.WithoutSourcePort(f.Frame))}\n").Order(StringComparer.Ordinal));

    /// <summary>The tables in a fixed order, without the comments.</summary>
    private static string Save(Router router, string command)
    {
        var tables = Comment().Replace(router.Namespace.Run($"{command} -c"), "").Split("COMMIT\n", StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(tables.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("^#.*\n", RegexOptions.Multiline)]
    private static partial Regex Comment();
}

/// <summary>Tests with namespaces and programs of their own run one after another: the machine is small and time-outs are real.</summary>
[CollectionDefinition("network", DisableParallelization = true)]
public sealed class NetworkCollection;

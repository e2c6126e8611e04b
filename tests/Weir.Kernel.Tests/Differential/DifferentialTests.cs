using System.Globalization;
using System.Text.RegularExpressions;
using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.Differential;

/// <summary>
/// Random rule sets and conversations through Weir and through the real iptables-legacy, packet by packet: what arrives, how it was rewritten, and every
/// counter must agree. WEIR_DIFFERENTIAL_SEED runs one seed, WEIR_DIFFERENTIAL_COUNT sets how many.
/// </summary>
[Collection("network")]
public sealed partial class DifferentialTests
{
    private const int Packets = 60;

    [Fact]
    public void Weir_does_to_every_packet_what_iptables_does()
    {
        var one = Environment.GetEnvironmentVariable("WEIR_DIFFERENTIAL_SEED");
        var count = int.Parse(Environment.GetEnvironmentVariable("WEIR_DIFFERENTIAL_COUNT") ?? "60", CultureInfo.InvariantCulture);
        var seeds = one is null ? Enumerable.Range(1, count) : [int.Parse(one, CultureInfo.InvariantCulture)];
        var failures = new List<string>();
        foreach (var seed in seeds)
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

    private static string? Compare(int seed, string restore, string save)
    {
        var random = new Random(seed);
        var rules = new RuleGenerator(random).Next();
        using var reference = new Router($"d{seed}l");
        using var subject = new Router($"d{seed}w");
        try
        {
            reference.Namespace.Run("iptables-legacy-restore", rules);
            subject.Namespace.Run(restore, rules);
            var conversation = new Conversation(random);
            for (var step = 1; step <= Packets; step++)
            {
                var (left, frame) = conversation.Next();
                var wanted = reference.Exchange(left, frame);
                var got = subject.Exchange(left, frame, wanted.Count);
                var (wantedText, gotText) = (Describe(wanted), Describe(got));
                if (wantedText != gotText)
                {
                    // Where the source port of a translated flow is taken, netfilter draws another at random: the conversation ends there.
                    if (Describe(wanted, withPorts: false) == Describe(got, withPorts: false)) break;
                    return $"seed {seed}, packet {step}, sent {(left ? "left" : "right")}: {Frame.Describe(frame)}\n wanted:\n{wantedText} got:\n{gotText}"
                        + $" rules:\n{rules} counters wanted:\n{Save(reference, "iptables-legacy-save")} counters got:\n{Save(subject, save)}";
                }
                foreach (var (side, arrived) in wanted) conversation.Arrived(side, arrived);
            }
            var (counters, counted) = (Save(reference, "iptables-legacy-save"), Save(subject, save));
            return counters == counted ? null : $"seed {seed}: counters\n wanted:\n{counters} got:\n{counted}";
        }
        finally
        {
            if (save.StartsWith('/')) subject.Namespace.Execute([Shell.Weir("weir"), "down"]);
        }
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

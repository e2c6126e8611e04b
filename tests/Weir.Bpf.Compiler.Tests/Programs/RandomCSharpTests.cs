using System.Diagnostics;
using Weir.Bpf.Compiler.Passes;
using Weir.Bpf.Kernel;
using Weir.Bpf.Loading;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>
/// Generated C# means the same managed and in the kernel, from optimised IL and from IL for debugging. WEIR_CSHARP_SEED and WEIR_CSHARP_COUNT choose
/// other programs and more of them. What fails is made small and printed.
/// </summary>
public sealed class RandomCSharpTests : IDisposable
{
    private const int BatchSize = 50;
    private const int PacketsPerProgram = 6;
    private static readonly TimeSpan s_reducing = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("weir-random-");
    private int _assemblies;
    private int _tooLarge;

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("WEIR_CSHARP_COUNT"), out var count) ? count : 200;

    private static int First => int.TryParse(Environment.GetEnvironmentVariable("WEIR_CSHARP_SEED"), out var first) ? first : 0;

    [Fact]
    public void Generated_programs_run_in_the_kernel_as_managed()
    {
        var failures = new List<(int Seed, bool IsOptimised, string Fault)>();
        for (var first = First; first < First + Count; first += BatchSize)
        {
            var seeds = Enumerable.Range(first, Math.Min(BatchSize, First + Count - first)).ToArray();
            foreach (var isOptimised in (bool[])[true, false])
            {
                failures.AddRange(RunBatch(seeds, isOptimised));
            }
        }

        if (failures.Count > 0)
        {
            var (seed, isOptimised, fault) = failures.MinBy(f => RandomCSharp.Make(f.Seed).Print().Length);
            Assert.Fail($"""
                {failures.Count} failed: {string.Join(' ', failures.Select(f => $"{f.Seed}{(f.IsOptimised ? "" : "d")}"))}
                seed {seed}, {(isOptimised ? "optimised" : "for debugging")}: {fault}
                {Reduce(seed, isOptimised)}
                """);
        }

        Assert.True(_tooLarge <= 2 + (Count / 20), $"{_tooLarge} programs were too large for the verifier");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private IEnumerable<(int Seed, bool IsOptimised, string Fault)> RunBatch(int[] seeds, bool isOptimised)
    {
        ProgramSet? set = null;
        try
        {
            set = Compile(isOptimised, [], [.. seeds.Select(s => RandomCSharp.Make(s).Print())]);
        }
        catch (InvalidOperationException) when (seeds.Length > 1)
        {
            // One of them: found below, each by itself.
        }

        foreach (var seed in seeds)
        {
            if (FaultOf(seed, isOptimised, set, RandomCSharp.Make(seed).Print()) is { } fault)
            {
                yield return (seed, isOptimised, fault);
            }
        }
    }

    private ProgramSet Compile(bool isOptimised, string[] disabledPasses, params string[] programs)
    {
        var name = $"Random{_assemblies++}";
        (string, string)[] files = [("Shared.cs", RandomCSharp.Shared), .. programs.Select((text, i) => ($"{name}_{i}.cs", $"using System.Buffers.Binary;\nusing System.Threading;\nusing Weir.Bpf.Programs;\n{text}"))];
        return new ProgramSet(CSharpSource.Compile(_folder.FullName, name, isOptimised, files), disabledPasses, checksPasses: isOptimised);
    }

    /// <summary>What is wrong with a program, or null.</summary>
    private string? FaultOf(int seed, bool isOptimised, ProgramSet? set, string text)
    {
        // A program may have more ways through it than the verifier goes, more of them for one pass than for another: then it is compiled with fewer.
        foreach (var disabled in (string[][])[[], ["dead-stores"], [.. PassList.Names]])
        {
            try
            {
                if (disabled.Length > 0)
                {
                    _tooLarge++;
                    set = null;
                }

                set ??= Compile(isOptimised, disabled, text);
                return Compare(seed, set);
            }
            catch (VerifierException refusal) when (refusal.Errno == Errno.E2BIG || refusal.Complaint.Contains("too complex", StringComparison.Ordinal))
            {
                // Also if the passes have made an endless loop: so there must be few of these.
            }
            catch (VerifierException refusal)
            {
                return refusal.Message;
            }
            catch (Exception failure) when (failure is InvalidOperationException or KeyNotFoundException or NullReferenceException or ArgumentException or OverflowException)
            {
                return failure.Message;
            }
        }

        return null;
    }

    private static string? Compare(int seed, ProgramSet set)
    {
        var program = RandomCSharp.NameOf(seed);
        set.ClearManagedMaps();
        using var loaded = set.Load(program);
        for (var i = 0; i < PacketsPerProgram; i++)
        {
            var (packet, context) = (Packet(seed, i), new SkBuff { Mark = (uint)i });
            var (expected, actual) = (set.RunManaged(program, packet, context), set.RunInKernel(loaded, program, packet, context));
            if (expected != actual)
            {
                return $"packet {i}\n  managed   {expected}\n  in kernel {actual}";
            }
        }

        return null;
    }

    private static byte[] Packet(int seed, int number)
    {
        var packet = new byte[RandomCSharp.PacketBytes];
        var random = new Random(seed + (7919 * number));
        switch (number)
        {
            case 0:
                break;
            case 1:
                Array.Fill(packet, (byte)0xFF);
                break;
            case 2:
                for (var i = 0; i < packet.Length; i += 4)
                {
                    packet[i] = (byte)random.Next(4);
                }

                break;
            default:
                random.NextBytes(packet);
                break;
        }

        return packet;
    }

    /// <summary>Leaves out statements for as long as the program fails in the same way.</summary>
    private string Reduce(int seed, bool isOptimised)
    {
        var program = RandomCSharp.Make(seed);
        var without = new HashSet<int>();
        var kind = KindOf(FaultOf(seed, isOptimised, null, program.Print()));
        var clock = Stopwatch.StartNew();
        for (var changed = true; changed && clock.Elapsed < s_reducing;)
        {
            changed = false;
            foreach (var id in program.Ids.Where(id => !without.Contains(id)).ToArray())
            {
                var text = program.Print(without.Append(id).ToHashSet());
                if (clock.Elapsed < s_reducing && text.Length < program.Print(without).Length && KindOf(FaultOf(seed, isOptimised, null, text)) == kind)
                {
                    without.Add(id);
                    changed = true;
                }
            }
        }

        return program.Print(without);
    }

    /// <summary>A mismatch, one of the compiler's own messages, or a verifier's complaint.</summary>
    private static string KindOf(string? fault) => fault is null ? "" : fault.StartsWith("packet", StringComparison.Ordinal) ? "packet" : fault.Contains(": error CS", StringComparison.Ordinal) ? "C#" : new string([.. fault.Split('\n')[0].Where(char.IsAsciiLetter)]);
}

using System.Buffers.Binary;
using System.Diagnostics;
using Weir.Bpf.Compiler;
using Weir.Bpf.Compiler.Il;
using Weir.Bpf.Loading;
using Weir.Bpf.Objects;

namespace Weir.Bench.Twin;

/// <summary>
/// weir-twin [ROUNDS]: the same load balancer in C#, compiled by us, and in C, compiled by clang -O2. Instructions, those that the verifier goes through,
/// and nanoseconds a packet of an established flow (test-run, rounds by turns, the median).
/// </summary>
internal static class Program
{
    private const int Repetitions = 500_000;
    private const string Section = "tc/ingress";

    private static int Main(string[] arguments)
    {
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0]) : 7;
        var diagnostics = new Diagnostics();
        var module = FrontEnd.Compile(typeof(Balancer).Assembly.Location, diagnostics);
        foreach (var error in diagnostics.Errors) Console.Error.WriteLine(error);
        if (diagnostics.HasErrors) return 1;
        var ours = Compilation.Compile(module, new CompilerOptions());
        using var weir = Loader.Load(ours.Object);
        Console.WriteLine($"weir    {Describe(ours.Object.Programs[0], weir)}");
        if (Clang() is not { } version)
        {
            Console.WriteLine("clang is not installed: nothing to compare with (Debian: clang)");
            return 0;
        }
        var file = Path.Combine(Path.GetTempPath(), $"weir-twin-{Environment.ProcessId}.o");
        try
        {
            Run("clang", "-O2", "-target", "bpf", "-mcpu=v3", "-c", Path.Combine(AppContext.BaseDirectory, "balancer.c"), "-o", file);
            // The maps have our names and types: only the case of the first letter differs.
            var program = ClangObject.Read(File.ReadAllBytes(file), Section, name => char.ToUpperInvariant(name[0]) + name[1..]);
            using var clang = Loader.Load(new ObjectFile { Btf = [], Maps = [.. ours.Object.Maps.Select(m => m with { KeyTypeId = 0, ValueTypeId = 0 })], Programs = [program] });
            Console.WriteLine($"clang   {Describe(program, clang)}  ({version})");
            Console.WriteLine($"ratio   {(double)ours.Object.Programs[0].Instructions.Length / program.Instructions.Length:0.00} of clang's instructions");
            var (a, b) = (Prepare(weir), Prepare(clang));
            var times = Enumerable.Range(0, rounds).Select(_ => (Weir: a.Run(Packet(), Repetitions).Nanoseconds, Clang: b.Run(Packet(), Repetitions).Nanoseconds)).ToArray();
            Console.WriteLine($"packet of an established flow: weir {Median(times.Select(t => t.Weir))} ns, clang {Median(times.Select(t => t.Clang))} ns");
            return 0;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Describe(ProgramDefinition program, LoadedObject loaded) =>
        $"{program.Instructions.Length,5} instructions, {loaded.Programs[program.Name].Info.VerifiedInstructions,6} verified";

    /// <summary>Enters a service whose only server has its own address, so that a translated packet is the packet: test-run repeats what the run before left.</summary>
    private static BpfProgram Prepare(LoadedObject loaded)
    {
        var packet = Packet();
        var address = BitConverter.ToUInt32(packet, 30);
        var port = BitConverter.ToUInt16(packet, 36);
        loaded.Maps["Services"].AsHash<TwinServiceKey, TwinService>()
            .Set(new TwinServiceKey { Address = address, Port = port, Protocol = 17 }, new TwinService { Count = 1 });
        loaded.Maps["Servers"].AsArray<TwinServer>()[0] = new TwinServer { Address = address, Port = port };
        var program = loaded.Programs.Values.Single();
        for (var i = 0; i < 2; i++)
        {
            // The first packet enters the flow, the second finds it.
            var run = program.Run(packet);
            if (run.Result != -1 || !run.Data.AsSpan().SequenceEqual(packet)) throw new InvalidOperationException($"the packet was not translated to itself: {run.Result}");
        }
        return program;
    }

    /// <summary>A UDP packet to 10.0.0.1, port 53, without a checksum.</summary>
    private static byte[] Packet()
    {
        var packet = new byte[64];
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(12), 0x0800);
        packet[14] = 0x45;
        packet[22] = 64;
        packet[23] = 17;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(26), 0x0a000002);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(30), 0x0a000001);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(34), 40000);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(36), 53);
        return packet;
    }

    private static int Median(IEnumerable<int> values) => values.Order().ElementAt(values.Count() / 2);

    private static string? Clang()
    {
        try
        {
            return Run("clang", "--version").Split('\n')[0];
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} failed");
    }
}

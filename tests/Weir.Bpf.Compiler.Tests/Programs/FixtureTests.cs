using System.Reflection;
using System.Runtime.InteropServices;
using Weir.Bpf.Compiler.Fixtures;
using Weir.Bpf.Compiler.Passes;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>Every construct that the compiler takes means in the kernel what it means managed: result, packet, context and maps.</summary>
public sealed class FixtureTests(FixtureTests.Builds builds) : IClassFixture<FixtureTests.Builds>
{
    private const int RandomPackets = 12;

    public static TheoryData<string> Programs =>
        [.. typeof(Frame).Assembly.GetTypes().SelectMany(t => t.GetMethods()).Where(m => m.GetCustomAttribute<ProgramAttribute>() is not null).Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Programs))]
    public void Optimised_code_runs_as_managed(string program) => Compare(builds.Optimised, program);

    [Theory]
    [MemberData(nameof(Programs))]
    public void Code_for_debugging_runs_as_managed(string program) => Compare(builds.Debugging, program);

    [Theory]
    [MemberData(nameof(Programs))]
    public void Code_without_passes_runs_as_managed(string program) => Compare(builds.WithoutPasses, program);

    /// <summary>The one divergence: where C# throws, a program in the kernel goes on, as eBPF's division is defined.</summary>
    [Theory]
    [InlineData(7, 0, 0, 7)]
    [InlineData(-7, 0, 0, -7)]
    [InlineData(int.MinValue, -1, int.MinValue, 0)]
    [InlineData(-7, 2, -3, -1)]
    [InlineData(7, -2, -3, 1)]
    public void Division_is_defined_where_CSharp_throws(int dividend, int divisor, int quotient, int remainder)
    {
        foreach (var set in (ProgramSet[])[builds.Optimised, builds.WithoutPasses])
        {
            var frame = new Frame
            {
                A = dividend,
                B = divisor,
                C = (uint)dividend,
                D = (uint)divisor,
                E = dividend == int.MinValue ? long.MinValue : dividend,
                F = divisor,
                G = (ulong)dividend,
                H = (ulong)divisor,
            };
            var packet = Bytes(frame);
            using var loaded = set.Load("Quotients");
            var after = MemoryMarshal.Read<Frame>(Convert.FromHexString(set.RunInKernel(loaded, "Quotients", packet, default).Packet));
            unsafe
            {
                Assert.Equal((quotient, remainder), ((int)after.Out[0], (int)after.Out[1]));
                Assert.Equal((Unsigned(frame.C, frame.D), Rest(frame.C, frame.D)), (after.Out[2], after.Out[3]));
                Assert.Equal((dividend == int.MinValue ? long.MinValue : quotient, remainder), ((long)after.Out[4], (long)after.Out[5]));
                Assert.Equal((Unsigned(frame.G, frame.H), Rest(frame.G, frame.H)), (after.Out[6], after.Out[7]));
            }

            if (divisor == 0)
            {
                Assert.Throws<DivideByZeroException>(() => set.RunManaged("Quotients", packet, default));
            }
        }

        static ulong Unsigned(ulong a, ulong b) => b == 0 ? 0 : a / b;
        static ulong Rest(ulong a, ulong b) => b == 0 ? a : a % b;
    }

    private static void Compare(ProgramSet set, string program)
    {
        set.ClearManagedMaps();
        using var loaded = set.Load(program);
        var random = new Random(program.Length);
        // Maps keep what earlier packets have left, in the same order on both sides.
        foreach (var packet in Packets(random))
        {
            var context = new SkBuff { Mark = (uint)random.Next(), Priority = (uint)random.Next(16) };
            unsafe
            {
                context.ControlBlock[2] = (uint)random.Next();
            }

            Assert.Equal(set.RunManaged(program, packet, context), set.RunInKernel(loaded, program, packet, context));
        }
    }

    /// <summary>Frames with zeros, edges and random numbers (all divisors other than zero), and a packet that is too short.</summary>
    private static IEnumerable<byte[]> Packets(Random random)
    {
        yield return new byte[60];
        foreach (var edge in (long[])[1, -1, 2, 0x7FFFFFFFFFFFFFFF, 0x123456789ABCDEF])
        {
            yield return Bytes(Fill(_ => edge, edge == -1 ? 1 : edge));
        }

        yield return Bytes(Fill(i => i % 2 == 0 ? long.MinValue | int.MinValue : 3, 3));
        for (var i = 0; i < RandomPackets; i++)
        {
            var bits = random.Next(4, 64);
            yield return Bytes(Fill(_ => random.NextInt64(long.MinValue, long.MaxValue) >> (63 - bits), random.Next(1, 1000)));
        }
    }

    private static Frame Fill(Func<int, long> next, long divisor)
    {
        unchecked
        {
            return new Frame
            {
                A = (int)next(0),
                B = (int)next(1) == 0 || next(1) == -1 ? (int)divisor : (int)next(1),
                C = (uint)next(2),
                D = (uint)next(3) == 0 ? 1 : (uint)next(3),
                E = next(4),
                F = next(5) is 0 or -1 ? divisor : next(5),
                G = (ulong)next(6),
                H = next(7) == 0 ? 5 : (ulong)next(7),
                I = (byte)next(8),
                J = (sbyte)next(9),
                K = (ushort)next(10),
                L = (short)next(11),
                M = (uint)next(12),
                N = (uint)next(13),
            };
        }
    }

    private static byte[] Bytes(Frame frame) => MemoryMarshal.AsBytes(new ReadOnlySpan<Frame>(in frame)).ToArray();

    /// <summary>The fixtures in both ways that C# compiles them, with and without our passes.</summary>
    public sealed class Builds : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("weir-fixtures-");

        public Builds()
        {
            var sources = Repository.Sources("tests/Weir.Bpf.Compiler.Fixtures").ToArray();
            var optimised = CSharpSource.Compile(_folder.FullName, "Optimised", true, sources);
            Optimised = new ProgramSet(optimised);
            WithoutPasses = new ProgramSet(optimised, PassList.Names);
            Debugging = new ProgramSet(CSharpSource.Compile(_folder.FullName, "Debugging", false, sources));
        }

        internal ProgramSet Optimised { get; }

        internal ProgramSet WithoutPasses { get; }

        internal ProgramSet Debugging { get; }

        public void Dispose() => _folder.Delete(recursive: true);
    }
}

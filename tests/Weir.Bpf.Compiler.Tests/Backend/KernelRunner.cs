using System.Runtime.InteropServices;
using System.Text;
using Weir.Bpf.Btf;
using Weir.Bpf.Instructions;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Compiler.Tests.Backend;

/// <summary>Loads an object by bare system calls and runs it with BPF_PROG_TEST_RUN: what the tests of the back end need, independent of the loader.</summary>
internal sealed unsafe partial class KernelRunner : IDisposable
{
    private const int MapCreate = 0;
    private const int MapLookup = 1;
    private const int MapUpdate = 2;
    private const int ProgLoad = 5;
    private const int ProgTestRun = 10;
    private const int BtfLoad = 18;

    private readonly List<int> _descriptors = [];
    private readonly Dictionary<string, int> _maps = [];
    private readonly Dictionary<string, int> _programs = [];
    private readonly Dictionary<string, MapDefinition> _definitions = [];

    public KernelRunner(ObjectFile file)
    {
        var btf = LoadBtf(file.Btf);
        foreach (var map in file.Maps)
        {
            var attributes = new Attributes();
            attributes.Set(0, (int)map.Kind).Set(4, map.KeySize).Set(8, map.ValueSize).Set(12, (int)map.MaxEntries).Set(16, (int)map.Flags);
            if (map.KeyTypeId != 0)
            {
                attributes.Set(48, btf).Set(52, map.KeyTypeId).Set(56, map.ValueTypeId);
            }

            _maps[map.Name] = Keep(Call(MapCreate, attributes, $"map {map.Name}"));
            _definitions[map.Name] = map;
            if (map.Data is { } data)
            {
                Write(map.Name, new byte[4], data);
            }
        }

        foreach (var program in file.Programs)
        {
            _programs[program.Name] = Load(program, btf);
        }
    }

    public void Dispose()
    {
        foreach (var descriptor in _descriptors)
        {
            _ = close(descriptor);
        }
    }

    public void Write(string map, byte[] key, byte[] value)
    {
        fixed (byte* k = key, v = value)
        {
            Call(MapUpdate, new Attributes().Set(0, _maps[map]).Set(8, (long)k).Set(16, (long)v), $"update of {map}");
        }
    }

    public byte[]? Read(string map, byte[] key)
    {
        var value = new byte[_definitions[map].ValueSize];
        fixed (byte* k = key, v = value)
        {
            var attributes = new Attributes().Set(0, _maps[map]).Set(8, (long)k).Set(16, (long)v);
            return TryCall(MapLookup, attributes) < 0 ? null : value;
        }
    }

    /// <summary>Runs a program once over a packet; the result is its r0.</summary>
    public uint Run(string program, byte[] packet)
    {
        fixed (byte* p = packet)
        {
            var attributes = new Attributes();
            attributes.Set(0, _programs[program]).Set(8, packet.Length).Set(16, (long)p).Set(32, 1);
            Call(ProgTestRun, attributes, "test run");
            return (uint)attributes.Get(4);
        }
    }

    private static int TryCall(int command, Attributes attributes)
    {
        fixed (byte* a = attributes.Bytes)
        {
            return (int)syscall(321, command, (nint)a, attributes.Bytes.Length);
        }
    }

    private static int Call(int command, Attributes attributes, string what)
    {
        var result = TryCall(command, attributes);
        return result >= 0 ? result : throw new InvalidOperationException($"{what}: errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long command, nint attributes, long size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);

    private int Keep(int descriptor)
    {
        _descriptors.Add(descriptor);
        return descriptor;
    }

    private int LoadBtf(byte[] btf)
    {
        var log = new byte[1 << 16];
        fixed (byte* b = btf, l = log)
        {
            var result = TryCall(BtfLoad, new Attributes().Set(0, (long)b).Set(8, (long)l).Set(16, btf.Length).Set(20, log.Length).Set(24, 1));
            return result >= 0 ? Keep(result) : throw new InvalidOperationException($"BTF is refused: {Text(log)}");
        }
    }

    private int Load(ProgramDefinition program, int btf)
    {
        var instructions = program.Instructions.ToArray();
        foreach (var relocation in program.Relocations)
        {
            var i = relocation.InstructionIndex;
            instructions[i] = instructions[i] with { Immediate = _maps[relocation.Target] };
        }

        var log = new byte[1 << 22];
        fixed (Instruction* code = instructions)
        fixed (FunctionInfo* functions = program.Functions)
        fixed (LineInfo* lines = program.Lines)
        fixed (byte* l = log, license = "GPL\0"u8)
        {
            var attributes = new Attributes();
            attributes.Set(0, 3).Set(4, instructions.Length).Set(8, (long)code).Set(16, (long)license);
            attributes.Set(72, btf).Set(76, sizeof(FunctionInfo)).Set(80, (long)functions).Set(88, program.Functions.Length);
            attributes.Set(92, sizeof(LineInfo)).Set(96, (long)lines).Set(104, program.Lines.Length);
            var result = TryCall(ProgLoad, attributes);
            if (result < 0)
            {
                attributes.Set(24, 1).Set(28, log.Length).Set(32, (long)l);
                result = TryCall(ProgLoad, attributes);
            }

            if (result >= 0)
            {
                return Keep(result);
            }

            var text = Text(log);
            throw new VerifierException($"{program.Name} is refused (errno {Marshal.GetLastPInvokeError()}):\n{text[Math.Max(0, text.Length - 6000)..]}");
        }
    }

    private static string Text(byte[] log) => Encoding.UTF8.GetString(log.AsSpan(0, Math.Max(0, log.AsSpan().IndexOf((byte)0))));

    private sealed class Attributes
    {
        public byte[] Bytes { get; } = new byte[144];

        public Attributes Set(int offset, int value)
        {
            BitConverter.TryWriteBytes(Bytes.AsSpan(offset), value);
            return this;
        }

        public Attributes Set(int offset, long value)
        {
            BitConverter.TryWriteBytes(Bytes.AsSpan(offset), value);
            return this;
        }

        public int Get(int offset) => BitConverter.ToInt32(Bytes, offset);
    }
}

/// <summary>The verifier refused a program.</summary>
internal sealed class VerifierException(string message) : Exception(message);

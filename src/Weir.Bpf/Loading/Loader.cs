using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Text;
using Weir.Bpf.Btf;
using Weir.Bpf.Instructions;
using Weir.Bpf.Kernel;
using Weir.Bpf.Maps;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Loading;

/// <summary>Makes an object's maps and programs in the kernel.</summary>
public static unsafe class Loader
{
    private const int FirstLogSize = 1 << 20;
    private const int LastLogSize = 1 << 28;

    /// <summary>
    /// Loads BTF, makes the maps (or takes those that are given), completes the instructions and loads the programs. Throws <see cref="VerifierException"/> for a refused program,
    /// <see cref="BpfException"/> for all else that the kernel refuses; nothing is left behind then.
    /// </summary>
    public static LoadedObject Load(ObjectFile file, LoadOptions? options = null)
    {
        options ??= new LoadOptions();
        var owned = new List<IDisposable>();
        try
        {
            BtfObject? btf = null;
            if (file.Btf.Length > 0)
            {
                btf = BtfObject.Load(file.Btf);
                owned.Add(btf);
            }
            var maps = new Dictionary<string, BpfMap>();
            foreach (var definition in file.Maps)
            {
                if (options.Maps.TryGetValue(definition.Name, out var given))
                {
                    CheckSame(definition, given);
                    maps.Add(definition.Name, given);
                    continue;
                }
                var map = BpfMap.Create(Adjust(definition, options), btf);
                owned.Add(map);
                maps.Add(definition.Name, map);
            }
            return new LoadedObject(maps, LoadPrograms(file, btf, maps, options, owned), owned);
        }
        catch
        {
            foreach (var item in owned) item.Dispose();
            throw;
        }
    }

    private static MapDefinition Adjust(MapDefinition definition, LoadOptions options)
    {
        if (options.MaxEntries.TryGetValue(definition.Name, out var maxEntries)) definition = definition with { MaxEntries = maxEntries };
        if (options.Data.TryGetValue(definition.Name, out var data))
        {
            if (data.Length != definition.ValueSize) throw new ArgumentException($"map '{definition.Name}' takes {definition.ValueSize} bytes of data, not {data.Length}", nameof(options));
            definition = definition with { Data = data };
        }
        return definition;
    }

    private static void CheckSame(MapDefinition definition, BpfMap map)
    {
        var info = map.Info;
        if (info.Kind != definition.Kind || info.KeySize != definition.KeySize || info.ValueSize != definition.ValueSize)
        {
            throw new InvalidOperationException($"map '{definition.Name}' is {info.Kind} with {info.KeySize} and {info.ValueSize} bytes; " +
                $"the object needs {definition.Kind} with {definition.KeySize} and {definition.ValueSize}");
        }
    }

    /// <summary>Side by side, as far as there are processors: the kernel verifies for privileged callers without a lock.</summary>
    private static Dictionary<string, BpfProgram> LoadPrograms(ObjectFile file, BtfObject? btf, Dictionary<string, BpfMap> maps, LoadOptions options, List<IDisposable> owned)
    {
        var definitions = file.Programs.Where(definition => options.Programs == null || options.Programs(definition)).ToArray();
        var programs = new BpfProgram?[definitions.Length];
        var failures = new Exception?[definitions.Length];
        void LoadOne(int i)
        {
            try
            {
                programs[i] = Load(definitions[i], file.Btf, btf, maps, options.License);
            }
            catch (Exception exception)
            {
                failures[i] = exception;
            }
        }
        if (definitions.Length == 1) LoadOne(0);
        else Parallel.For(0, definitions.Length, LoadOne);
        foreach (var program in programs)
        {
            if (program != null) owned.Add(program);
        }
        // Of several refusals the first in the object's order, whichever came first.
        if (failures.FirstOrDefault(failure => failure != null) is { } first) ExceptionDispatchInfo.Throw(first);
        return definitions.Zip(programs).ToDictionary(pair => pair.First.Name, pair => pair.Second!);
    }

    private static BpfProgram Load(ProgramDefinition definition, byte[] rawBtf, BtfObject? btf, Dictionary<string, BpfMap> maps, string license)
    {
        var section = Section.Parse(definition.Section);
        var instructions = (Instruction[])definition.Instructions.Clone();
        // The descriptors are in the instructions, so every map has to stay open until the kernel has taken the program.
        var usedMaps = new HashSet<BpfMap>();
        foreach (var relocation in definition.Relocations) Complete(definition, instructions, relocation, maps, usedMaps);

        using var btfUse = btf == null ? default : btf.Descriptor.Use();
        fixed (Instruction* code = instructions)
        fixed (FunctionInfo* functions = definition.Functions)
        fixed (LineInfo* lines = definition.Lines)
        fixed (byte* licenseText = Encoding.ASCII.GetBytes(license + "\0"))
        {
            var attribute = default(BpfAttribute);
            ref var view = ref attribute.ProgramLoad;
            view.Kind = (uint)section.Program;
            view.InstructionCount = (uint)instructions.Length;
            view.Instructions = code;
            view.License = licenseText;
            view.Flags = section.Flags;
            view.ExpectedAttachType = section.IsExpected ? (uint)section.Attach : 0;
            BpfCall.WriteName(definition.Name, (byte*)Unsafe.AsPointer(ref view.Name[0]));
            if (btf != null && definition.Functions.Length > 0)
            {
                view.Btf = btfUse.Value;
                view.FunctionInfo = functions;
                view.FunctionInfoSize = (uint)sizeof(FunctionInfo);
                view.FunctionInfoCount = (uint)definition.Functions.Length;
                view.LineInfo = lines;
                view.LineInfoSize = (uint)sizeof(LineInfo);
                view.LineInfoCount = (uint)definition.Lines.Length;
            }
            var errno = BpfCall.TryOpen(BpfCommand.ProgramLoad, ref attribute, out var descriptor);
            if (errno == Errno.None)
            {
                GC.KeepAlive(usedMaps);
                return new BpfProgram(descriptor);
            }
            var log = ReadLog(attribute, ref errno);
            GC.KeepAlive(usedMaps);
            throw VerifierException.Create(definition, rawBtf, errno, log);
        }
    }

    /// <summary>Loads again for the sake of the log, which costs too much to be asked for when all goes well.</summary>
    private static string ReadLog(BpfAttribute attribute, ref Errno errno)
    {
        for (var size = FirstLogSize; ; size *= 4)
        {
            var log = GC.AllocateUninitializedArray<byte>(size);
            log[0] = 0;
            fixed (byte* pointer = log)
            {
                attribute.ProgramLoad.Log = pointer;
                attribute.ProgramLoad.LogSize = (uint)size;
                attribute.ProgramLoad.LogLevel = 1;
                var again = BpfCall.TryOpen(BpfCommand.ProgramLoad, ref attribute, out var descriptor);
                descriptor.Dispose();
                if (again == Errno.ENOSPC && size < LastLogSize) continue;
                if (again != Errno.None && again != Errno.ENOSPC) errno = again;
            }
            var end = log.AsSpan().IndexOf((byte)0);
            return Encoding.UTF8.GetString(log, 0, end < 0 ? size : end);
        }
    }

    private static void Complete(ProgramDefinition program, Instruction[] instructions, Relocation relocation, Dictionary<string, BpfMap> maps, HashSet<BpfMap> usedMaps)
    {
        ref var instruction = ref instructions[relocation.InstructionIndex];
        if (relocation.Kind == RelocationKind.Kfunc)
        {
            if (!instruction.IsKfuncCall) throw Misplaced(program, relocation);
            var id = KernelBtf.TryFindFunction(relocation.Target) ??
                throw new BpfException($"load program '{program.Name}'", Errno.ENOENT, $"program '{program.Name}' calls '{relocation.Target}', which this kernel does not have");
            instruction = Instruction.CallKfunc(id);
            return;
        }
        if (!instruction.IsLoadImmediate64) throw Misplaced(program, relocation);
        if (!maps.TryGetValue(relocation.Target, out var map)) throw new InvalidDataException($"program '{program.Name}' uses map '{relocation.Target}', which the object does not define");
        usedMaps.Add(map);
        var source = relocation.Kind == RelocationKind.MapValue ? PseudoSource.MapValue : PseudoSource.MapDescriptor;
        using var use = map.Descriptor.Use();
        instruction = Instruction.LoadImmediate64Low(instruction.Destination, source, use.Value);
    }

    private static InvalidDataException Misplaced(ProgramDefinition program, Relocation relocation) =>
        new($"program '{program.Name}': the relocation to '{relocation.Target}' is not at an instruction that takes it ({relocation.InstructionIndex})");
}

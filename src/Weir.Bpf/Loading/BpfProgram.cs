using Weir.Bpf.Kernel;

namespace Weir.Bpf.Loading;

/// <summary>A program in the kernel, and the owner of its descriptor.</summary>
public sealed unsafe class BpfProgram : IDisposable
{
    private readonly Lazy<ProgramInfo> _info;

    internal BpfProgram(Descriptor descriptor)
    {
        Descriptor = descriptor;
        _info = new Lazy<ProgramInfo>(() => ProgramInfo.Read(descriptor));
    }

    public Descriptor Descriptor { get; }

    /// <summary>What the kernel says of it, read once.</summary>
    public ProgramInfo Info => _info.Value;

    /// <summary>Opens a pinned program.</summary>
    public static BpfProgram OpenPinned(string path) => new(Pin.Open(path));

    /// <summary>Opens a pinned program, or gives null where there is none.</summary>
    public static BpfProgram? TryOpenPinned(string path)
    {
        var errno = Pin.TryOpen(path, out var descriptor);
        if (errno == Errno.None) return new BpfProgram(descriptor);
        return errno == Errno.ENOENT ? null : throw new BpfException($"open pin '{path}'", errno);
    }

    /// <summary>Opens a program by its id, or gives null where it no longer exists.</summary>
    public static BpfProgram? TryOpen(uint id)
    {
        var attribute = default(BpfAttribute);
        attribute.Id.Id = id;
        var errno = BpfCall.TryOpen(BpfCommand.ProgramById, ref attribute, out var descriptor);
        if (errno == Errno.None) return new BpfProgram(descriptor);
        return errno == Errno.ENOENT ? null : throw new BpfException($"open program {id}", errno);
    }

    /// <summary>The ids of all programs of the system.</summary>
    public static IReadOnlyList<uint> Ids() => BpfCall.Ids(BpfCommand.ProgramNextId);

    /// <summary>Gives the program a name in a bpffs. Fails with EEXIST where there is one.</summary>
    public void PinTo(string path) => Pin.Add(path, Descriptor);

    /// <summary>
    /// Runs the program on a packet (BPF_PROG_TEST_RUN; at least 14 bytes). The device is the namespace's loopback. With repetitions the packet of each run is what the
    /// one before left.
    /// </summary>
    public TestRun Run(ReadOnlySpan<byte> packet, int repeat = 1) => Run(packet, null, 0, repeat);

    /// <summary>
    /// Runs the program on a packet with a context (<see cref="Programs.SkBuff"/> for TC: the kernel takes mark, priority, ingress device, device, control block,
    /// timestamp and GSO fields and refuses others that are not zero with EINVAL; struct xdp_md for XDP), which is then as the program left it.
    /// </summary>
    public TestRun Run<TContext>(ReadOnlySpan<byte> packet, ref TContext context, int repeat = 1)
        where TContext : unmanaged
    {
        fixed (TContext* pointer = &context)
        {
            return Run(packet, pointer, sizeof(TContext), repeat);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();

    private TestRun Run(ReadOnlySpan<byte> packet, void* context, int contextSize, int repeat)
    {
        // A program may lengthen the packet; test-run packets end at 64 KiB.
        var output = new byte[Math.Max(packet.Length + 4096, 8192)];
        using var use = Descriptor.Use();
        fixed (byte* packetPointer = packet)
        fixed (byte* outputPointer = output)
        {
            var attribute = default(BpfAttribute);
            attribute.TestRun = new()
            {
                Program = use.Value,
                DataSizeIn = (uint)packet.Length,
                DataSizeOut = (uint)output.Length,
                DataIn = packetPointer,
                DataOut = outputPointer,
                Repeat = (uint)repeat,
                ContextSizeIn = (uint)contextSize,
                ContextSizeOut = (uint)contextSize,
                ContextIn = context,
                ContextOut = context,
            };
            BpfCall.Do("test-run a program", BpfCommand.ProgramTestRun, ref attribute);
            ref var result = ref attribute.TestRun;
            return new TestRun((int)result.Result, output[..(int)result.DataSizeOut], (int)result.Duration);
        }
    }
}

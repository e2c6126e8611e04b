using System.Text;
using Weir.Bpf.Kernel;

namespace Weir.Bpf.Loading;

/// <summary>BTF that the kernel has taken; maps and programs that refer to it keep it alive.</summary>
public sealed unsafe class BtfObject : IDisposable
{
    private BtfObject(Descriptor descriptor) => Descriptor = descriptor;

    public Descriptor Descriptor { get; }

    /// <summary>Loads raw BTF. A refusal's message has the kernel's last line of complaint.</summary>
    public static BtfObject Load(ReadOnlySpan<byte> btf)
    {
        fixed (byte* pointer = btf)
        {
            var attribute = default(BpfAttribute);
            attribute.BtfLoad = new() { Btf = pointer, Size = (uint)btf.Length };
            var errno = BpfCall.TryOpen(BpfCommand.BtfLoad, ref attribute, out var descriptor);
            if (errno == Errno.None) return new BtfObject(descriptor);

            var log = new byte[1 << 18];
            fixed (byte* logPointer = log)
            {
                attribute.BtfLoad = new() { Btf = pointer, Size = (uint)btf.Length, Log = logPointer, LogSize = (uint)log.Length, LogLevel = 1 };
                if (BpfCall.TryOpen(BpfCommand.BtfLoad, ref attribute, out descriptor) == Errno.None) return new BtfObject(descriptor);
            }
            var text = Encoding.UTF8.GetString(log).TrimEnd('\0', '\n');
            throw new BpfException("load BTF", errno, $"load BTF: {errno}: {text[(text.LastIndexOf('\n') + 1)..]}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();
}

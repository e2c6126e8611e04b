using System.Runtime.InteropServices;

namespace Weir.Bpf.Kernel;

/// <summary>Memory of a descriptor that is mapped into this process.</summary>
internal sealed unsafe class Memory : SafeHandle
{
    private readonly nuint _length;

    private Memory(void* address, nuint length)
        : base(-1, true)
    {
        _length = length;
        SetHandle((nint)address);
    }

    public override bool IsInvalid => handle == -1;

    public byte* Pointer => IsClosed ? throw new ObjectDisposedException(nameof(Memory)) : (byte*)handle;

    public static Memory Map(string operation, Descriptor descriptor, nint offset, nuint length, bool isWritable)
    {
        const int read = 1, write = 2, shared = 1;
        using var use = descriptor.Use();
        var address = Libc.Map(null, length, isWritable ? read | write : read, shared, use.Value, offset);
        if ((nint)address == -1) throw new BpfException(operation, Libc.LastError);
        return new Memory(address, length);
    }

    protected override bool ReleaseHandle() => Libc.Unmap((void*)handle, _length) == 0;
}

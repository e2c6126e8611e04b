using System.Runtime.InteropServices;

namespace Weir.Bpf.Kernel;

/// <summary>Owns a file descriptor of the kernel (map, program, link, BTF, socket, epoll) and closes it.</summary>
public sealed class Descriptor : SafeHandle
{
    internal Descriptor(int value)
        : base(-1, true) => SetHandle(value);

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>Keeps the descriptor open while it is used: <c>using var use = descriptor.Use()</c>.</summary>
    internal Lease Use() => new(this);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;

    internal readonly ref struct Lease
    {
        private readonly Descriptor? _owner;

        public Lease(Descriptor owner)
        {
            var added = false;
            owner.DangerousAddRef(ref added);
            _owner = owner;
        }

        public int Value => _owner == null ? -1 : (int)_owner.handle;

        // A default lease holds nothing.
        public void Dispose() => _owner?.DangerousRelease();
    }
}

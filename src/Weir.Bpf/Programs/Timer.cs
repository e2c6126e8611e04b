using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>A timer inside a map value: struct bpf_timer, 16 bytes, 8-byte aligned.</summary>
[BtfName("bpf_timer")]
[StructLayout(LayoutKind.Sequential)]
public struct Timer
{
    private ulong _opaque0;
    private ulong _opaque1;
}

/// <summary>A lock inside a map value: struct bpf_spin_lock, 4 bytes.</summary>
[BtfName("bpf_spin_lock")]
[StructLayout(LayoutKind.Sequential)]
public struct SpinLock
{
    private uint _opaque;
}

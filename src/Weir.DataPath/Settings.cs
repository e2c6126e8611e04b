using System.Runtime.InteropServices;

namespace Weir.DataPath;

/// <summary>What is fixed when the programs are loaded; branches on it cost nothing.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Settings
{
    /// <summary>The network namespace whose sockets the cgroup hooks serve.</summary>
    public ulong NetnsCookie;
    public SettingsFlags Flags;

    /// <summary>The loopback device (1 in every namespace).</summary>
    public uint LoopbackIfIndex;

    /// <summary>Slots of <see cref="Maps.Embryonic"/> minus one: a power of two minus one.</summary>
    public uint EmbryonicMask;
    public uint Reserved0;

    /// <summary>How <see cref="DataPath.Passage"/> finds out who else has a say.</summary>
    public PassagePath Passage;
    public ushort Reserved1;

    /// <summary>The address of AppArmor's hook behind POSTROUTING, which only looks at packets of sockets; 0: there is none, or its address is not known.</summary>
    public ulong SocketsHook;
}

/// <summary>Abilities of the kernel and wishes of the instance.</summary>
[Flags]
public enum SettingsFlags : uint
{
    None = 0,

    /// <summary>bpf_fib_lookup knows SKIP_NEIGH (Linux 6.3).</summary>
    FibSkipNeighbour = 1 << 0,

    /// <summary>bpf_fib_lookup knows SRC (Linux 6.7).</summary>
    FibSource = 1 << 1,

    /// <summary>bpf_fib_lookup knows MARK (Linux 6.10).</summary>
    FibMark = 1 << 2,

    /// <summary>Picks a TCP connection up in its middle (net.netfilter.nf_conntrack_tcp_loose, on by default).</summary>
    TcpLoose = 1 << 3,

    /// <summary>The kernel lets programs read its memory (it does not in the confidentiality mode of lockdown).</summary>
    ReadKernel = 1 << 4,

    /// <summary>Packets that come in with wrong checksums are INVALID (net.netfilter.nf_conntrack_checksum, on by default).</summary>
    VerifyChecksums = 1 << 5,
}

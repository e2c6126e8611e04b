using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>The context of cgroup socket-address programs: struct bpf_sock_addr (include/uapi/linux/bpf.h). Addresses and ports in network byte order.</summary>
[BtfName("bpf_sock_addr")]
[StructLayout(LayoutKind.Explicit, Size = 72)]
public struct SockAddress
{
    [FieldOffset(0)] public uint UserFamily;
    [FieldOffset(4)] public uint UserIp4Be;

    /// <summary>The four words of an IPv6 address, as <c>user_ip6[0..3]</c>.</summary>
    [FieldOffset(8)] public uint UserIp6Word0Be;
    [FieldOffset(12)] public uint UserIp6Word1Be;
    [FieldOffset(16)] public uint UserIp6Word2Be;
    [FieldOffset(20)] public uint UserIp6Word3Be;

    /// <summary>The port in network byte order in the low 16 bits.</summary>
    [FieldOffset(24)] public uint UserPortBe;
    [FieldOffset(28)] public uint Family;
    [FieldOffset(32)] public uint Type;
    [FieldOffset(36)] public uint Protocol;
    [FieldOffset(40)] public uint MessageSourceIp4Be;
}

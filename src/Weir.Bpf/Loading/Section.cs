namespace Weir.Bpf.Loading;

/// <summary>What a section name says: the kind of the program, where it attaches, and whether it is loaded for that place only.</summary>
/// <param name="Program">The program's kind.</param>
/// <param name="Attach">Where it attaches.</param>
/// <param name="IsExpected">The kernel wants to know at load where the program will attach.</param>
/// <param name="Flags">What else the kernel is told at load (BPF_F_…).</param>
public sealed record Section(ProgramKind Program, AttachKind Attach, bool IsExpected, uint Flags = 0)
{
    /// <summary>BPF_F_XDP_HAS_FRAGS: the program knows that a frame may have more parts than the first (Linux 5.18).</summary>
    private const uint XdpHasFrags = 1 << 5;

    // TC programs are loaded without a place, because kernels before TCX know none for them.
    private static readonly Dictionary<string, Section> s_sections = new()
    {
        ["tc/ingress"] = new(ProgramKind.TrafficClassifier, AttachKind.TcxIngress, false),
        ["tc/egress"] = new(ProgramKind.TrafficClassifier, AttachKind.TcxEgress, false),
        ["xdp"] = new(ProgramKind.Xdp, AttachKind.Xdp, true),
        ["xdp.frags"] = new(ProgramKind.Xdp, AttachKind.Xdp, true, XdpHasFrags),
        ["cgroup/connect4"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupInet4Connect, true),
        ["cgroup/connect6"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupInet6Connect, true),
        ["cgroup/bind4"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupInet4Bind, true),
        ["cgroup/bind6"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupInet6Bind, true),
        ["cgroup/sendmsg4"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupUdp4Send, true),
        ["cgroup/sendmsg6"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupUdp6Send, true),
        ["cgroup/recvmsg4"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupUdp4Receive, true),
        ["cgroup/recvmsg6"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupUdp6Receive, true),
        ["cgroup/getpeername4"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupInet4GetPeerName, true),
        ["cgroup/getpeername6"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupInet6GetPeerName, true),
        ["cgroup/getsockname4"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupInet4GetSocketName, true),
        ["cgroup/getsockname6"] = new(ProgramKind.CgroupSocketAddress, AttachKind.CgroupInet6GetSocketName, true),
        ["cgroup/sock_create"] = new(ProgramKind.CgroupSocket, AttachKind.CgroupInetSocketCreate, true),
        ["cgroup/sock_release"] = new(ProgramKind.CgroupSocket, AttachKind.CgroupInetSocketRelease, true),
        ["cgroup/post_bind4"] = new(ProgramKind.CgroupSocket, AttachKind.CgroupInet4PostBind, true),
        ["cgroup/post_bind6"] = new(ProgramKind.CgroupSocket, AttachKind.CgroupInet6PostBind, true),
        ["cgroup_skb/ingress"] = new(ProgramKind.CgroupSkb, AttachKind.CgroupInetIngress, true),
        ["cgroup_skb/egress"] = new(ProgramKind.CgroupSkb, AttachKind.CgroupInetEgress, true),
        ["sockops"] = new(ProgramKind.SocketOperations, AttachKind.CgroupSocketOperations, true),
        ["sk_lookup"] = new(ProgramKind.SocketLookup, AttachKind.SocketLookup, true),
        ["netfilter"] = new(ProgramKind.Netfilter, AttachKind.Netfilter, true),
        ["socket"] = new(ProgramKind.SocketFilter, 0, false),
    };

    /// <summary>The meaning of a section name. Throws <see cref="ArgumentException"/> for one that is not known.</summary>
    public static Section Parse(string name) =>
        s_sections.TryGetValue(name, out var section) ? section : throw new ArgumentException($"unknown section '{name}'", nameof(name));
}

namespace Weir.Bpf.Loading;

/// <summary>Kinds of programs (enum bpf_prog_type).</summary>
public enum ProgramKind
{
    SocketFilter = 1,
    TrafficClassifier = 3,
    Xdp = 6,
    CgroupSkb = 8,
    CgroupSocket = 9,
    SocketOperations = 13,
    CgroupSocketAddress = 18,
    SocketLookup = 30,

    /// <summary>Linux 6.4.</summary>
    Netfilter = 32,
}

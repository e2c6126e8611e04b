namespace Weir.Bpf.Loading;

/// <summary>Where programs attach (enum bpf_attach_type).</summary>
public enum AttachKind
{
    CgroupInetIngress = 0,
    CgroupInetEgress = 1,
    CgroupInetSocketCreate = 2,
    CgroupSocketOperations = 3,
    CgroupInet4Bind = 8,
    CgroupInet6Bind = 9,
    CgroupInet4Connect = 10,
    CgroupInet6Connect = 11,
    CgroupInet4PostBind = 12,
    CgroupInet6PostBind = 13,
    CgroupUdp4Send = 14,
    CgroupUdp6Send = 15,
    CgroupUdp4Receive = 19,
    CgroupUdp6Receive = 20,
    CgroupInet4GetPeerName = 29,
    CgroupInet6GetPeerName = 30,
    CgroupInet4GetSocketName = 31,
    CgroupInet6GetSocketName = 32,
    CgroupInetSocketRelease = 34,
    SocketLookup = 36,
    Xdp = 37,

    /// <summary>Linux 6.4.</summary>
    Netfilter = 45,

    /// <summary>Linux 6.6.</summary>
    TcxIngress = 46,

    /// <summary>Linux 6.6.</summary>
    TcxEgress = 47,
}

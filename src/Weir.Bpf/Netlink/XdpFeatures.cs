namespace Weir.Bpf.Netlink;

/// <summary>What a device can do with XDP now (enum netdev_xdp_act).</summary>
[Flags]
public enum XdpFeatures : ulong
{
    None = 0,

    /// <summary>Programs run in the driver; they may drop, pass and send back.</summary>
    Basic = 1 << 0,

    /// <summary>They may redirect.</summary>
    Redirect = 1 << 1,

    /// <summary>It sends what is redirected to it. Comes and goes: with a program of its own, for veth with what its peer does.</summary>
    Transmit = 1 << 2,
}

namespace Weir.Bpf.Links;

/// <summary>Where an XDP program runs (XDP_FLAGS_…).</summary>
public enum XdpMode
{
    /// <summary>In the driver, where it can, otherwise generic.</summary>
    Any = 0,
    /// <summary>After the packet has become an skb.</summary>
    Generic = 1 << 1,
    Driver = 1 << 2,
}

namespace Weir.Bpf.Netlink;

/// <summary>Flags of a device (IFF_…, include/uapi/linux/if.h).</summary>
[Flags]
public enum DeviceFlags : uint
{
    None = 0,
    Up = 1 << 0,
    Broadcast = 1 << 1,
    Loopback = 1 << 3,
    PointToPoint = 1 << 4,
    Running = 1 << 6,
    NoArp = 1 << 7,
    Promiscuous = 1 << 8,
    Multicast = 1 << 12,
}

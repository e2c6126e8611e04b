using System.Runtime.InteropServices;
using System.Text;
using Weir.Bpf.Netlink;
using Weir.DataPath;
using Weir.Model.Rules;

namespace Weir.Control.Instances;

/// <summary>Which devices the data path sits on, and what it knows of them.</summary>
public static class Devices
{
    private const int HardwareEthernet = 1;
    private const int HardwareLoopback = 772;

    /// <summary>Whether packets of the device begin with a link header of 14 bytes.</summary>
    public static bool HasLinkHeader(NetworkDevice device) => device.HardwareType is HardwareEthernet or HardwareLoopback;

    /// <summary>
    /// Why the device is not covered, or null. What passes a port of a bridge, bond or team is seen at the device above it, as it is by netfilter.
    /// </summary>
    public static string? UncoveredReason(NetworkDevice device, IReadOnlyList<NetworkDevice> all)
    {
        if (device.MasterIfIndex == 0) return null;
        var master = all.FirstOrDefault(other => other.IfIndex == device.MasterIfIndex);
        return master?.Kind is "bridge" or "bond" or "team" or "openvswitch" ? $"port of {master.Kind} {master.Name}" : null;
    }

    /// <summary>
    /// What the data path is told of each device: its name, its first addresses, its link address, whether it is among those that take frames from XDP, and whether this
    /// node's pods come in by it.
    /// </summary>
    internal static unsafe Dictionary<uint, Device> Describe(
        IReadOnlyList<NetworkDevice> devices, IReadOnlyList<DeviceAddress> addresses, IReadOnlyList<DeviceAddressIPv6> ipv6, IReadOnlySet<uint> takers, InterfacePattern pods)
    {
        var result = new Dictionary<uint, Device>();
        foreach (var device in devices)
        {
            var record = default(Device);
            Encoding.UTF8.GetBytes(device.Name.AsSpan(), new Span<byte>(record.Name, 15));
            if (device.Mac.Length == 6) device.Mac.CopyTo(new Span<byte>(record.Mac, 6));
            if (takers.Contains(device.IfIndex)) record.Flags |= DataPath.DeviceFlags.TakesXdp;
            if (!pods.IsAny && pods.Matches(device.Name)) record.Flags |= DataPath.DeviceFlags.Pods;
            foreach (var address in addresses)
            {
                // Addresses of the host's scope are not taken as sources (inet_select_addr), but on loopback there are no others.
                if (address.IfIndex != device.IfIndex || address.IsSecondary || (address.Scope > 253 && !device.IsLoopback)) continue;
                record.AddressBe = address.AddressBe;
                break;
            }
            if (ipv6.FirstOrDefault(address => address.IfIndex == device.IfIndex && address.IsSource) is { } own) record.AddressIPv6 = MemoryMarshal.Read<IpAddress>(own.Bytes);
            result.Add(device.IfIndex, record);
        }
        return result;
    }
}

namespace Weir.Bpf.Netlink;

/// <summary>What a subscribed socket heard, oldest first.</summary>
/// <param name="Changed">Devices that are new or changed (also in ways that are not shown here).</param>
/// <param name="Removed">Devices that are gone from the namespace.</param>
/// <param name="Addresses">Addresses that are new or changed (true) or gone (false).</param>
/// <param name="IsIncomplete">Changes were lost: list anew.</param>
public sealed record RouteChanges(
    IReadOnlyList<NetworkDevice> Changed, IReadOnlyList<NetworkDevice> Removed, IReadOnlyList<(DeviceAddress Address, bool IsPresent)> Addresses, bool IsIncomplete);

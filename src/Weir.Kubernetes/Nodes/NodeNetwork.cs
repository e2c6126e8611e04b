using System.Net;
using Microsoft.Extensions.Logging;
using Weir.Bpf.Kernel;
using Weir.Bpf.Netlink;
using Weir.Kubernetes.Engine;
using Weir.Model;

namespace Weir.Kubernetes.Nodes;

/// <summary>
/// The network of the namespace in which it was made. Addresses of services are on a device of their own, kube-ipvs0, which is never up: the kernel counts
/// them among its own and answers for them, but sends nothing there. Not thread-safe.
/// </summary>
public sealed partial class NodeNetwork : INodeNetwork, IDisposable
{
    /// <summary>The device, named as kube-proxy's ipvs mode names it, so that either takes over from the other.</summary>
    public const string DeviceName = "kube-ipvs0";

    // A bridge without ports behaves the same where the kernel has no dummy devices.
    private static readonly string[] Kinds = ["dummy", "bridge"];

    private readonly RouteSocket _socket = new();
    private readonly ILogger _logger;
    private readonly HashSet<Address> _bound = [];
    private uint _device;

    /// <summary>Changes nothing yet.</summary>
    public NodeNetwork(ILogger<NodeNetwork> logger) => _logger = logger;

    /// <inheritdoc/>
    public void Prepare(bool isArpStrict)
    {
        Write("ip_forward", "1");
        if (!isArpStrict) return;
        // An address of a service is on every node; who answers for it is decided by what announces it (MetalLB and the like).
        Write("conf/all/arp_ignore", "1");
        Write("conf/all/arp_announce", "2");
    }

    /// <inheritdoc/>
    public IReadOnlyList<Address> Addresses()
    {
        _device = _socket.Devices().FirstOrDefault(static device => device.Name == DeviceName)?.IfIndex ?? 0;
        _bound.Clear();
        var result = new List<Address>();
        foreach (var (device, value) in _socket.HostAddresses())
        {
            var address = Convert(value);
            if (device == _device && _device != 0) _bound.Add(address);
            else result.Add(address);
        }
        return result;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Address> Bind(IReadOnlyCollection<Address> addresses)
    {
        if (_device == 0) Addresses();
        if (_device == 0) _device = AddDevice();
        var wanted = addresses.ToHashSet();
        var added = wanted.Where(address => !_bound.Contains(address)).ToList();
        var removed = _bound.Where(address => !wanted.Contains(address)).ToList();
        var refused = new List<(IPAddress Address, Errno Errno)>();
        refused.AddRange(_socket.DeleteHostAddresses(_device, [.. removed.Select(Convert)]));
        refused.AddRange(_socket.AddHostAddresses(_device, [.. added.Select(Convert)]));
        _bound.ExceptWith(removed);
        _bound.UnionWith(added);
        foreach (var (address, errno) in refused)
        {
            // Neither what could not be added nor what could not be removed is as it should be: the next time tries again.
            if (!_bound.Remove(Convert(address))) _bound.Add(Convert(address));
            AddressRefused(_logger, address, errno);
        }
        return [.. refused.Select(static pair => Convert(pair.Address))];
    }

    /// <summary>Takes the device away with all its addresses.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Remove()
    {
        Addresses();
        if (_device == 0) return false;
        _bound.Clear();
        var device = _device;
        _device = 0;
        return _socket.DeleteDevice(device);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private uint AddDevice()
    {
        var kind = Array.Find(Kinds, kind => _socket.TryAddDevice(DeviceName, kind))
            ?? throw new BpfException($"make the device '{DeviceName}'", Errno.EOPNOTSUPP, $"make the device '{DeviceName}': this kernel has neither dummy devices nor bridges");
        _bound.Clear();
        var device = _socket.Devices().First(static device => device.Name == DeviceName).IfIndex;
        DeviceAdded(_logger, DeviceName, kind);
        return device;
    }

    private void Write(string setting, string value)
    {
        var path = $"/proc/sys/net/ipv4/{setting}";
        try
        {
            // Containers may see it read-only and already right.
            if (File.ReadAllText(path).Trim() != value) File.WriteAllText(path, value);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            SettingRefused(_logger, path, value, problem.Message);
        }
    }

    private static Address Convert(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return Address.FromBytes(bytes[..length]);
    }

    private static IPAddress Convert(Address address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.WriteBytes(bytes);
        return new IPAddress(address.IsIPv4 ? bytes[12..] : bytes);
    }

    [LoggerMessage(LogLevel.Information, "Made the {Kind} device {Name} for the addresses of services")]
    private static partial void DeviceAdded(ILogger logger, string name, string kind);

    [LoggerMessage(LogLevel.Warning, "The address {Address} could not be changed: {Errno}")]
    private static partial void AddressRefused(ILogger logger, IPAddress address, Errno errno);

    [LoggerMessage(LogLevel.Warning, "{Path} could not be set to {Value}: {Problem}")]
    private static partial void SettingRefused(ILogger logger, string path, string value, string problem);
}

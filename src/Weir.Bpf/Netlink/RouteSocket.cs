using System.Buffers.Binary;
using Weir.Bpf.Kernel;

namespace Weir.Bpf.Netlink;

/// <summary>
/// A socket to the kernel's network configuration (NETLINK_ROUTE) of the network namespace in which it was made. Not thread-safe. The parts:
/// devices and addresses here, filters in <c>RouteSocket.Filters.cs</c>, devices and addresses of our own in <c>RouteSocket.Hosting.cs</c>.
/// </summary>
public sealed unsafe partial class RouteSocket : NetlinkSocket
{
    private const ushort NewLink = 16, DeleteLink = 17, GetLink = 18, NewAddress = 20, DeleteAddress = 21, GetAddress = 22, NewRoute = 24, GetRoute = 26;
    private const byte FamilyInet = 2, FamilyInet6 = 10, LocalTable = 255;
    private const int RouteProtocol = 0;

    /// <summary>Opens a socket for requests.</summary>
    public RouteSocket()
        : this(0)
    {
    }

    private RouteSocket(uint groups)
        : base(RouteProtocol, groups)
    {
    }

    /// <summary>A socket that hears of every change of devices, addresses and queueing disciplines from now on; read it with <see cref="ReadChanges"/>.</summary>
    public static RouteSocket Subscribe()
    {
        const uint link = 1 << 0, traffic = 1 << 3, inetAddress = 1 << 4, inet6Address = 1 << 8;
        return new RouteSocket(link | traffic | inetAddress | inet6Address);
    }

    /// <summary>All devices of the namespace.</summary>
    public IReadOnlyList<NetworkDevice> Devices()
    {
        var result = new List<NetworkDevice>();
        var writer = Begin(GetLink, Dump);
        writer.Reserve(16);
        Exchange("list devices", writer.Finish(), (type, body) =>
        {
            if (type == NewLink && ReadDevice(body) is { } device) result.Add(device);
        });
        return result;
    }

    /// <summary>All IPv4 addresses of the namespace.</summary>
    public IReadOnlyList<DeviceAddress> Addresses()
    {
        var result = new List<DeviceAddress>();
        var writer = Begin(GetAddress, Dump);
        writer.Reserve(8)[0] = FamilyInet;
        Exchange("list addresses", writer.Finish(), (type, body) =>
        {
            if (type == NewAddress && ReadAddress(body) is { } address) result.Add(address);
        });
        return result;
    }

    /// <summary>All IPv6 addresses of the namespace.</summary>
    public IReadOnlyList<DeviceAddressIPv6> IPv6Addresses()
    {
        var result = new List<DeviceAddressIPv6>();
        var writer = Begin(GetAddress, Dump);
        writer.Reserve(8)[0] = FamilyInet6;
        Exchange("list IPv6 addresses", writer.Finish(), (type, body) =>
        {
            if (type == NewAddress && ReadIPv6Address(body) is { } address) result.Add(address);
        });
        return result;
    }

    /// <summary>The local routing table of the namespace (IPv4).</summary>
    public IReadOnlyList<LocalRoute> LocalRoutes()
    {
        var result = new List<LocalRoute>();
        var writer = Begin(GetRoute, Dump);
        var body = writer.Reserve(12);
        body[0] = FamilyInet;
        body[4] = LocalTable;
        Exchange("list local routes", writer.Finish(), (type, body) =>
        {
            if (type == NewRoute && ReadLocalRoute(body) is { } route) result.Add(route);
        });
        return result;
    }

    /// <summary>
    /// Reads what a subscribed socket heard, without waiting. <see cref="RouteChanges.IsIncomplete"/> says that changes were lost (the socket's buffer was full): list anew then.
    /// </summary>
    public RouteChanges ReadChanges()
    {
        const int doNotWait = 0x40;
        var changed = new List<NetworkDevice>();
        var removed = new List<NetworkDevice>();
        var addresses = new List<(DeviceAddress, bool)>();
        var isIncomplete = false;
        using var use = Descriptor.Use();
        while (true)
        {
            nint length;
            fixed (byte* pointer = Buffer) length = Libc.Receive(use.Value, pointer, (nuint)Buffer.Length, doNotWait);
            if (length < 0)
            {
                var errno = Libc.LastError;
                if (errno == Errno.EINTR) continue;
                if (errno == Errno.EAGAIN) return new RouteChanges(changed, removed, addresses, isIncomplete);
                if (errno != Errno.ENOBUFS) throw new BpfException("read changes", errno);
                isIncomplete = true;
                continue;
            }
            for (var rest = Buffer.AsSpan(0, (int)length); TryMessage(ref rest, out var type, out var body);)
            {
                if (type is NewLink or DeleteLink && ReadDevice(body) is { } device) (type == NewLink ? changed : removed).Add(device);
                if (type is NewAddress or DeleteAddress && ReadAddress(body) is { } address) addresses.Add((address, type == NewAddress));
            }
        }
    }

    // struct ifinfomsg: family, type (u16 at 2), index (at 4), flags (at 8), change mask.
    private static NetworkDevice? ReadDevice(ReadOnlySpan<byte> body)
    {
        const ushort address = 1, name = 3, mtu = 4, master = 10, linkInfo = 18, kindAttribute = 1, xdp = 43, xdpProgram = 4, parent = 56;
        // Bridges also tell of their ports with a family of their own; those are not the device itself.
        if (body.Length < 16 || body[0] != 0) return null;
        var device = new NetworkDevice(BinaryPrimitives.ReadUInt32LittleEndian(body[4..]), "", "", 0, BinaryPrimitives.ReadUInt16LittleEndian(body[2..]),
            (DeviceFlags)BinaryPrimitives.ReadUInt32LittleEndian(body[8..]), [], 0);
        var attributes = new AttributeReader(body[16..]);
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                case address:
                    device = device with { Mac = attributes.Value.ToArray() };
                    break;
                case name:
                    device = device with { Name = attributes.Text };
                    break;
                case mtu:
                    device = device with { Mtu = (int)attributes.Word };
                    break;
                case master:
                    device = device with { MasterIfIndex = attributes.Word };
                    break;
                case parent:
                    device = device with { IsPhysical = true };
                    break;
                case xdp:
                    var program = new AttributeReader(attributes.Value);
                    while (program.Next())
                    {
                        if (program.Type == xdpProgram) device = device with { XdpProgramId = program.Word };
                    }
                    break;
                case linkInfo:
                    var nested = new AttributeReader(attributes.Value);
                    while (nested.Next())
                    {
                        if (nested.Type == kindAttribute) device = device with { Kind = nested.Text };
                    }
                    break;
            }
        }
        return device;
    }

    // struct ifaddrmsg: family, prefix length, flags, scope, index (at 4).
    private static DeviceAddress? ReadAddress(ReadOnlySpan<byte> body)
    {
        const ushort peer = 1, local = 2, label = 3, longFlags = 8;
        if (body.Length < 8 || body[0] != FamilyInet) return null;
        var result = new DeviceAddress(BinaryPrimitives.ReadUInt32LittleEndian(body[4..]), 0, body[1], body[3], body[2], "");
        var attributes = new AttributeReader(body[8..]);
        while (attributes.Next())
        {
            switch (attributes.Type)
            {
                // On point-to-point devices IFA_ADDRESS is the other end, and IFA_LOCAL, which then follows, ours.
                case peer when result.AddressBe == 0:
                case local:
                    result = result with { AddressBe = attributes.Word };
                    break;
                case label:
                    result = result with { Label = attributes.Text };
                    break;
                case longFlags:
                    result = result with { Flags = attributes.Word };
                    break;
            }
        }
        return result;
    }

    private static DeviceAddressIPv6? ReadIPv6Address(ReadOnlySpan<byte> body)
    {
        const ushort peer = 1, local = 2, longFlags = 8;
        if (body.Length < 8 || body[0] != FamilyInet6) return null;
        var result = new DeviceAddressIPv6(BinaryPrimitives.ReadUInt32LittleEndian(body[4..]), [], body[3], body[2]);
        var attributes = new AttributeReader(body[8..]);
        while (attributes.Next())
        {
            if (attributes.Type == longFlags) result = result with { Flags = attributes.Word };
            // As with IPv4, IFA_LOCAL is ours where there are two; it comes first here.
            else if (attributes.Type == local || (attributes.Type == peer && result.Bytes.Length == 0)) result = result with { Bytes = attributes.Value.ToArray() };
        }
        return result.Bytes.Length == 16 ? result : null;
    }

    // struct rtmsg: family, destination's and source's prefix lengths, tos, table (at 4), protocol, scope, type (at 7), flags.
    private static LocalRoute? ReadLocalRoute(ReadOnlySpan<byte> body)
    {
        const ushort destination = 1, device = 4;
        // Kernels that are not asked strictly list all tables.
        if (body.Length < 12 || body[0] != FamilyInet || body[4] != LocalTable) return null;
        var result = new LocalRoute(0, body[1], body[7], 0);
        var attributes = new AttributeReader(body[12..]);
        while (attributes.Next())
        {
            if (attributes.Type == destination) result = result with { AddressBe = attributes.Word };
            else if (attributes.Type == device) result = result with { IfIndex = attributes.Word };
        }
        return result;
    }
}

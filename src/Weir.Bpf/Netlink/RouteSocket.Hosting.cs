using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Weir.Bpf.Kernel;

namespace Weir.Bpf.Netlink;

// Devices that hold addresses for this host, and those addresses (net/core/rtnetlink.c, net/ipv4/devinet.c, net/ipv6/addrconf.c).
public sealed unsafe partial class RouteSocket
{
    // Acknowledgements wait in the socket's buffer until the whole batch is sent; as many as this fit into the smallest default one.
    private const int BatchSize = 128;

    /// <summary>Makes a device that is not up; false where this kernel has no such kind.</summary>
    /// <param name="name">Its name, at most 15 bytes.</param>
    /// <param name="kind"><c>dummy</c>, <c>bridge</c>, ...</param>
    /// <exception cref="BpfException">EEXIST where the name is taken, and others.</exception>
    public bool TryAddDevice(string name, string kind)
    {
        const ushort nameAttribute = 3, linkInfo = 18, linkKind = 1;
        var writer = Begin(NewLink, Acknowledge | Create | Exclusive);
        writer.Reserve(16);
        writer.Attribute(nameAttribute, name);
        var nested = writer.BeginNested(linkInfo);
        writer.Attribute(linkKind, kind);
        writer.EndNested(nested);
        var errno = TryExchange(writer.Finish(), null);
        if (errno is Errno.EOPNOTSUPP) return false;
        return errno == Errno.None ? true : throw new BpfException($"make the {kind} device '{name}'", errno);
    }

    /// <summary>Deletes a device; false where it is gone already.</summary>
    public bool DeleteDevice(uint ifIndex)
    {
        var writer = Begin(DeleteLink, Acknowledge);
        BinaryPrimitives.WriteUInt32LittleEndian(writer.Reserve(16)[4..], ifIndex);
        var errno = TryExchange(writer.Finish(), null);
        if (errno == Errno.ENODEV) return false;
        return errno == Errno.None ? true : throw new BpfException($"delete device {ifIndex}", errno);
    }

    /// <summary>The addresses of all devices, IPv4 and IPv6.</summary>
    public IReadOnlyList<(uint IfIndex, IPAddress Address)> HostAddresses()
    {
        const ushort address = 1, local = 2;
        var result = new List<(uint, IPAddress)>();
        var writer = Begin(GetAddress, Dump);
        writer.Reserve(8);
        Exchange("list addresses", writer.Finish(), (type, body) =>
        {
            if (type != NewAddress || body.Length < 8 || body[0] is not (FamilyInet or FamilyInet6)) return;
            var length = body[0] == FamilyInet ? 4 : 16;
            ReadOnlySpan<byte> found = default;
            var attributes = new AttributeReader(body[8..]);
            while (attributes.Next())
            {
                // On point-to-point devices IFA_ADDRESS is the other end, and IFA_LOCAL ours.
                if (attributes.Value.Length == length && (attributes.Type == local || (attributes.Type == address && found.IsEmpty))) found = attributes.Value;
            }
            if (!found.IsEmpty) result.Add((BinaryPrimitives.ReadUInt32LittleEndian(body[4..]), new IPAddress(found)));
        });
        return result;
    }

    /// <summary>Gives addresses to a device, each a network of its own (/32, /128); those that it has are no error.</summary>
    /// <returns>What the kernel refused, and why.</returns>
    public IReadOnlyList<(IPAddress Address, Errno Errno)> AddHostAddresses(uint ifIndex, IReadOnlyList<IPAddress> addresses) =>
        ChangeAddresses(NewAddress, Create | Exclusive, Errno.EEXIST, ifIndex, addresses);

    /// <summary>Takes addresses from a device that <see cref="AddHostAddresses"/> gave it; those that it has not are no error.</summary>
    /// <returns>What the kernel refused, and why.</returns>
    public IReadOnlyList<(IPAddress Address, Errno Errno)> DeleteHostAddresses(uint ifIndex, IReadOnlyList<IPAddress> addresses) =>
        ChangeAddresses(DeleteAddress, 0, Errno.EADDRNOTAVAIL, ifIndex, addresses);

    private List<(IPAddress, Errno)> ChangeAddresses(ushort type, ushort flags, Errno allowed, uint ifIndex, IReadOnlyList<IPAddress> addresses)
    {
        const int messageSize = 16 + 8 + 3 * 20;
        var refused = new List<(IPAddress, Errno)>();
        var batch = new byte[BatchSize * messageSize];
        Span<Errno> answers = stackalloc Errno[BatchSize];
        for (var start = 0; start < addresses.Count; start += BatchSize)
        {
            var count = Math.Min(BatchSize, addresses.Count - start);
            var length = 0;
            for (var i = 0; i < count; i++)
            {
                var writer = Begin(batch.AsSpan(length, messageSize), type, (ushort)(Acknowledge | flags));
                WriteAddress(ref writer, ifIndex, addresses[start + i]);
                length += writer.Finish().Length;
            }
            ExchangeBatch("change addresses", batch.AsSpan(0, length), answers[..count]);
            for (var i = 0; i < count; i++)
            {
                if (answers[i] != Errno.None && answers[i] != allowed) refused.Add((addresses[start + i], answers[i]));
            }
        }
        return refused;
    }

    private static void WriteAddress(ref MessageWriter writer, uint ifIndex, IPAddress value)
    {
        const ushort address = 1, local = 2, longFlags = 8;
        const uint noDuplicateDetection = 2;
        var isIPv4 = value.AddressFamily == AddressFamily.InterNetwork;
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, out var length);
        var header = writer.Reserve(8);
        header[0] = isIPv4 ? FamilyInet : FamilyInet6;
        header[1] = (byte)(length * 8);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], ifIndex);
        writer.Attribute(local, bytes[..length]);
        writer.Attribute(address, bytes[..length]);
        // Nobody else is asked on a device that leads nowhere.
        if (!isIPv4) writer.Attribute(longFlags, noDuplicateDetection);
    }
}

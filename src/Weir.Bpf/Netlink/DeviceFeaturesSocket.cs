using System.Buffers.Binary;
using Weir.Bpf.Kernel;

namespace Weir.Bpf.Netlink;

/// <summary>Asks what devices can do with XDP, by the generic netlink family <c>netdev</c> (Linux 6.3; include/uapi/linux/netdev.h).</summary>
public sealed class DeviceFeaturesSocket : NetlinkSocket
{
    private const int GenericProtocol = 16;
    private const ushort ControlFamily = 16;
    private const byte GetFamily = 3, GetDevice = 1;

    /// <summary>Opens a socket for requests.</summary>
    public DeviceFeaturesSocket()
        : base(GenericProtocol, 0)
    {
    }

    /// <summary>The XDP features of all devices of the namespace by their numbers, or null where the kernel does not say.</summary>
    public IReadOnlyDictionary<uint, XdpFeatures>? XdpFeaturesOfAll()
    {
        const ushort index = 1, features = 3;
        if (FamilyOf("netdev") is not { } family) return null;
        var result = new Dictionary<uint, XdpFeatures>();
        var writer = Begin(family, Dump);
        WriteHeader(ref writer, GetDevice);
        var errno = TryExchange(writer.Finish(), (_, body) =>
        {
            if (body.Length < 4) return;
            var attributes = new AttributeReader(body[4..]);
            uint device = 0;
            var can = XdpFeatures.None;
            while (attributes.Next())
            {
                if (attributes.Type == index) device = attributes.Word;
                if (attributes.Type == features && attributes.Value.Length == 8) can = (XdpFeatures)BinaryPrimitives.ReadUInt64LittleEndian(attributes.Value);
            }
            result[device] = can;
        });
        return errno == Errno.None ? result : null;
    }

    private ushort? FamilyOf(string name)
    {
        const ushort familyId = 1, familyName = 2;
        ushort? result = null;
        var writer = Begin(ControlFamily, Acknowledge);
        WriteHeader(ref writer, GetFamily);
        writer.Attribute(familyName, name);
        var errno = TryExchange(writer.Finish(), (_, body) =>
        {
            if (body.Length < 4) return;
            var attributes = new AttributeReader(body[4..]);
            while (attributes.Next())
            {
                if (attributes.Type == familyId && attributes.Value.Length == 2) result = BinaryPrimitives.ReadUInt16LittleEndian(attributes.Value);
            }
        });
        return errno == Errno.None ? result : null;
    }

    // struct genlmsghdr: command, version, reserved.
    private static void WriteHeader(ref MessageWriter writer, byte command)
    {
        var header = writer.Reserve(4);
        header[0] = command;
        header[1] = 1;
    }
}

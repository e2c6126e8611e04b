using System.Buffers.Binary;
using Weir.Bpf.Kernel;
using Weir.Bpf.Links;

namespace Weir.Bpf.Netlink;

// Queueing disciplines, and who else has filters at them.
public sealed unsafe partial class RouteSocket
{
    private const ushort GetQdisc = 38;

    /// <summary>The kinds of all queueing disciplines of all devices.</summary>
    public IReadOnlyList<(uint IfIndex, string Kind)> Disciplines()
    {
        var result = new List<(uint, string)>();
        var writer = Begin(GetQdisc, Dump);
        WriteTraffic(ref writer, 0, 0, 0, 0);
        Exchange("list queueing disciplines", writer.Finish(), (type, body) =>
        {
            if (type != NewQdisc || body.Length < 20) return;
            var attributes = new AttributeReader(body[20..]);
            while (attributes.Next())
            {
                if (attributes.Type == KindAttribute) result.Add((BinaryPrimitives.ReadUInt32LittleEndian(body[4..]), attributes.Text));
            }
        });
        return result;
    }

    /// <summary>Whether a device's clsact has filters of any kind in this direction besides the one with this priority and handle.</summary>
    public bool HasOtherFilters(uint ifIndex, TcDirection direction, ushort priority, uint handle)
    {
        var found = false;
        var writer = Begin(GetFilter, Dump);
        WriteTraffic(ref writer, ifIndex, 0, Parent(direction), 0);
        var errno = TryExchange(writer.Finish(), (type, body) =>
        {
            if (type != NewFilter || body.Length < 20) return;
            var isOurs = BinaryPrimitives.ReadUInt32LittleEndian(body[16..]) >> 16 == priority;
            var other = BinaryPrimitives.ReadUInt32LittleEndian(body[8..]);
            // The kernel also lists each priority once without a filter.
            found |= other != 0 && !(isOurs && other == handle);
        });
        if (errno is Errno.None or Errno.ENOENT or Errno.EINVAL or Errno.ENODEV) return found;
        throw new BpfException($"list filters of device {ifIndex}", errno);
    }
}

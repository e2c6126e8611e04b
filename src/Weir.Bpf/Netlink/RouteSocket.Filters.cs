using System.Buffers.Binary;
using Weir.Bpf.Kernel;
using Weir.Bpf.Links;
using Weir.Bpf.Loading;

namespace Weir.Bpf.Netlink;

// Programs at TC by clsact, the way of kernels before TCX (net/sched/sch_ingress.c, cls_bpf.c).
public sealed unsafe partial class RouteSocket
{
    private const ushort NewQdisc = 36, DeleteQdisc = 37, NewFilter = 44, DeleteFilterType = 45, GetFilter = 46;
    private const ushort KindAttribute = 1, OptionsAttribute = 2, BpfDescriptor = 6, BpfName = 7, BpfFlags = 8, BpfId = 11;
    private const uint ClsactHandle = 0xffff0000, ClsactParent = 0xfffffff1, IngressParent = 0xfffffff2, EgressParent = 0xfffffff3;
    private const ushort ProtocolAll = 3;

    /// <summary>Gives a device a clsact queueing discipline, which holds filters and queues nothing; false when it has one.</summary>
    public bool AddClsact(uint ifIndex)
    {
        var writer = Begin(NewQdisc, Acknowledge | Create | Exclusive);
        WriteTraffic(ref writer, ifIndex, ClsactHandle, ClsactParent, 0);
        writer.Attribute(KindAttribute, "clsact");
        var errno = TryExchange(writer.Finish(), null);
        if (errno == Errno.EEXIST) return false;
        return errno == Errno.None ? true : throw new BpfException($"add clsact to device {ifIndex}", errno);
    }

    /// <summary>Takes a device's clsact away with all filters of it, also those of others; false when it has none.</summary>
    public bool DeleteClsact(uint ifIndex)
    {
        var writer = Begin(DeleteQdisc, Acknowledge);
        WriteTraffic(ref writer, ifIndex, ClsactHandle, ClsactParent, 0);
        writer.Attribute(KindAttribute, "clsact");
        var errno = TryExchange(writer.Finish(), null);
        if (errno is Errno.ENOENT or Errno.EINVAL or Errno.ENODEV) return false;
        return errno == Errno.None ? true : throw new BpfException($"delete clsact of device {ifIndex}", errno);
    }

    /// <summary>
    /// Attaches a program in direct-action mode (what it returns is the verdict), or exchanges the one of the same direction, priority and handle: atomically, every packet meets the old or the new one.
    /// </summary>
    /// <param name="ifIndex">A device with clsact.</param>
    /// <param name="direction">Which way.</param>
    /// <param name="priority">1 to 65535; lower runs first.</param>
    /// <param name="handle">Its number among those of the same priority, from 1.</param>
    /// <param name="program">A TC program.</param>
    /// <param name="name">What listings show.</param>
    public void ReplaceFilter(uint ifIndex, TcDirection direction, ushort priority, uint handle, BpfProgram program, string name)
    {
        var writer = Begin(NewFilter, Acknowledge | Create | Replace);
        WriteTraffic(ref writer, ifIndex, handle, Parent(direction), FilterInfo(priority));
        writer.Attribute(KindAttribute, "bpf");
        var options = writer.BeginNested(OptionsAttribute);
        using var use = program.Descriptor.Use();
        writer.Attribute(BpfDescriptor, (uint)use.Value);
        writer.Attribute(BpfName, name);
        writer.Attribute(BpfFlags, 1u);
        writer.EndNested(options);
        Exchange($"attach a filter to {direction} of device {ifIndex}", writer.Finish());
    }

    /// <summary>Detaches a program; false when there is none with that priority and handle.</summary>
    public bool DeleteFilter(uint ifIndex, TcDirection direction, ushort priority, uint handle)
    {
        var writer = Begin(DeleteFilterType, Acknowledge);
        WriteTraffic(ref writer, ifIndex, handle, Parent(direction), FilterInfo(priority));
        writer.Attribute(KindAttribute, "bpf");
        var errno = TryExchange(writer.Finish(), null);
        if (errno is Errno.ENOENT or Errno.EINVAL or Errno.ENODEV) return false;
        return errno == Errno.None ? true : throw new BpfException($"detach a filter from {direction} of device {ifIndex}", errno);
    }

    /// <summary>The BPF filters of a device, in the order in which they run; none where it has no clsact.</summary>
    public IReadOnlyList<TcFilter> Filters(uint ifIndex, TcDirection direction)
    {
        var result = new List<TcFilter>();
        var writer = Begin(GetFilter, Dump);
        WriteTraffic(ref writer, ifIndex, 0, Parent(direction), 0);
        var errno = TryExchange(writer.Finish(), (type, body) =>
        {
            if (type == NewFilter && ReadFilter(body, direction) is { } filter) result.Add(filter);
        });
        if (errno is Errno.ENOENT or Errno.EINVAL or Errno.ENODEV) return [];
        return errno == Errno.None ? result : throw new BpfException($"list filters of device {ifIndex}", errno);
    }

    private static uint Parent(TcDirection direction) => direction == TcDirection.Ingress ? IngressParent : EgressParent;

    // Priority in the upper half, the protocol in network byte order in the lower.
    private static uint FilterInfo(ushort priority) => (uint)priority << 16 | BinaryPrimitives.ReverseEndianness(ProtocolAll);

    // struct tcmsg: family, index (at 4), handle, parent, info.
    private static void WriteTraffic(ref MessageWriter writer, uint ifIndex, uint handle, uint parent, uint info)
    {
        var header = writer.Reserve(20);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], ifIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], handle);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], parent);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], info);
    }

    private static TcFilter? ReadFilter(ReadOnlySpan<byte> body, TcDirection direction)
    {
        if (body.Length < 20) return null;
        var handle = BinaryPrimitives.ReadUInt32LittleEndian(body[8..]);
        var priority = (int)(BinaryPrimitives.ReadUInt32LittleEndian(body[16..]) >> 16);
        var isBpf = false;
        var filter = new TcFilter(direction, priority, handle, "", 0);
        var attributes = new AttributeReader(body[20..]);
        while (attributes.Next())
        {
            if (attributes.Type == KindAttribute) isBpf = attributes.Text == "bpf";
            if (attributes.Type != OptionsAttribute) continue;
            var options = new AttributeReader(attributes.Value);
            while (options.Next())
            {
                if (options.Type == BpfName) filter = filter with { Name = options.Text };
                if (options.Type == BpfId) filter = filter with { ProgramId = options.Word };
            }
        }
        // The kernel also lists each priority once without a filter.
        return isBpf && filter.ProgramId != 0 ? filter : null;
    }
}

using System.Runtime.InteropServices;
using Weir.Bpf.Kernel;
using Weir.Bpf.Loading;

namespace Weir.Bpf.Links;

/// <summary>
/// A program's attachment, and the owner of its descriptor. It ends when the last descriptor and the last pin are gone, so pin what is to stay.
/// </summary>
public sealed unsafe class BpfLink : IDisposable
{
    private const uint Before = 1 << 3;
    private const uint After = 1 << 4;
    private const uint IsLink = 1 << 5;
    private const uint Replace = 1 << 2;

    private BpfLink(Descriptor descriptor) => Descriptor = descriptor;

    public Descriptor Descriptor { get; }

    /// <summary>What the kernel says of it now (its program may be exchanged).</summary>
    public LinkInfo Info => LinkInfo.Read(Descriptor);

    /// <summary>Attaches a TC program to a device by TCX (Linux 6.6): at the end, or before or after another link.</summary>
    public static BpfLink AttachTcx(BpfProgram program, uint ifIndex, TcDirection direction, BpfLink? before = null, BpfLink? after = null)
    {
        var anchor = before ?? after;
        using var anchorUse = anchor == null ? default : anchor.Descriptor.Use();
        var view = new BpfAttribute.LinkCreateView
        {
            Target = ifIndex,
            AttachType = (uint)(direction == TcDirection.Ingress ? AttachKind.TcxIngress : AttachKind.TcxEgress),
        };
        if (anchor != null)
        {
            view.Flags = IsLink | (before != null ? Before : After);
            view.Relative = (uint)anchorUse.Value;
        }
        return Create($"attach by TCX to {direction} of device {ifIndex}", program, view);
    }

    /// <summary>How many programs are attached to a device by TCX (Linux 6.6).</summary>
    public static int CountTcx(uint ifIndex, TcDirection direction)
    {
        var attribute = default(BpfAttribute);
        attribute.Query.Target = ifIndex;
        attribute.Query.AttachType = (uint)(direction == TcDirection.Ingress ? AttachKind.TcxIngress : AttachKind.TcxEgress);
        BpfCall.Do($"list the programs at {direction} of device {ifIndex}", BpfCommand.ProgramQuery, ref attribute);
        return (int)attribute.Query.Count;
    }

    /// <summary>Attaches an XDP program to a device.</summary>
    public static BpfLink AttachXdp(BpfProgram program, uint ifIndex, XdpMode mode = XdpMode.Any) =>
        Create($"attach by XDP to device {ifIndex}", program, new() { Target = ifIndex, AttachType = (uint)AttachKind.Xdp, Flags = (uint)mode });

    /// <summary>Attaches a program to a control group (version 2) beside what is attached there already.</summary>
    public static BpfLink AttachCgroup(BpfProgram program, string path, AttachKind attach)
    {
        const int directory = 0x10000, closeOnExec = 0x80000;
        // arm64 has another number for O_DIRECTORY.
        var flags = closeOnExec | (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : directory);
        using var group = new Descriptor(Libc.Open(path, flags, 0));
        if (group.IsInvalid) throw new BpfException($"open control group '{path}'", Libc.LastError);
        return AttachCgroup(program, group, attach);
    }

    /// <summary>The same with a control group that is open.</summary>
    public static BpfLink AttachCgroup(BpfProgram program, Descriptor group, AttachKind attach)
    {
        using var use = group.Use();
        return Create($"attach {attach} to a control group", program, new() { Target = (uint)use.Value, AttachType = (uint)attach });
    }

    /// <summary>Attaches a program to a netfilter hook of this network namespace (Linux 6.4).</summary>
    /// <param name="program">The program.</param>
    /// <param name="family">NFPROTO_…: 2 for IPv4, 10 for IPv6.</param>
    /// <param name="hook">NF_INET_…: 0 PRE_ROUTING, 1 LOCAL_IN, 2 FORWARD, 3 LOCAL_OUT, 4 POST_ROUTING.</param>
    /// <param name="priority">Lower runs first; the kernel refuses its lowest and highest.</param>
    public static BpfLink AttachNetfilter(BpfProgram program, int family, int hook, int priority) =>
        Create($"attach to netfilter hook {hook}", program, new()
        {
            AttachType = (uint)AttachKind.Netfilter,
            Relative = (uint)family,
            Hook = (uint)hook,
            Priority = priority,
        });

    /// <summary>Opens a pinned link.</summary>
    public static BpfLink OpenPinned(string path) => new(Pin.Open(path));

    /// <summary>Opens a pinned link, or gives null where there is none.</summary>
    public static BpfLink? TryOpenPinned(string path)
    {
        var errno = Pin.TryOpen(path, out var descriptor);
        if (errno == Errno.None) return new BpfLink(descriptor);
        return errno == Errno.ENOENT ? null : throw new BpfException($"open pin '{path}'", errno);
    }

    /// <summary>Opens a link by its id, or gives null where it no longer exists.</summary>
    public static BpfLink? TryOpen(uint id)
    {
        var attribute = default(BpfAttribute);
        attribute.Id.Id = id;
        var errno = BpfCall.TryOpen(BpfCommand.LinkById, ref attribute, out var descriptor);
        if (errno == Errno.None) return new BpfLink(descriptor);
        return errno is Errno.ENOENT or Errno.EAGAIN ? null : throw new BpfException($"open link {id}", errno);
    }

    /// <summary>The ids of all links of the system.</summary>
    public static IReadOnlyList<uint> Ids() => BpfCall.Ids(BpfCommand.LinkNextId);

    /// <summary>Gives the link a name in a bpffs. Fails with EEXIST where there is one.</summary>
    public void PinTo(string path) => Pin.Add(path, Descriptor);

    /// <summary>Exchanges the program, atomically: every packet meets the old or the new one. With <paramref name="expected"/> only if that is attached now (else EPERM).</summary>
    public void Update(BpfProgram program, BpfProgram? expected = null)
    {
        using var link = Descriptor.Use();
        using var newUse = program.Descriptor.Use();
        using var oldUse = expected == null ? default : expected.Descriptor.Use();
        var attribute = default(BpfAttribute);
        attribute.LinkUpdate = new() { Link = link.Value, Program = newUse.Value };
        if (expected != null)
        {
            attribute.LinkUpdate.Flags = Replace;
            attribute.LinkUpdate.OldProgram = oldUse.Value;
        }
        BpfCall.Do("exchange a link's program", BpfCommand.LinkUpdate, ref attribute);
    }

    /// <summary>Detaches at once, whoever else holds or pinned the link. Not for netfilter links (EOPNOTSUPP): unpin and close those.</summary>
    public void Detach()
    {
        using var use = Descriptor.Use();
        var attribute = default(BpfAttribute);
        attribute.LinkUpdate.Link = use.Value;
        BpfCall.Do("detach a link", BpfCommand.LinkDetach, ref attribute);
    }

    /// <summary>Closes the descriptor; an unpinned link ends with its last descriptor.</summary>
    public void Dispose() => Descriptor.Dispose();

    private static BpfLink Create(string operation, BpfProgram program, BpfAttribute.LinkCreateView view)
    {
        using var use = program.Descriptor.Use();
        view.Program = use.Value;
        var attribute = default(BpfAttribute);
        attribute.LinkCreate = view;
        return new BpfLink(BpfCall.Open(operation, BpfCommand.LinkCreate, ref attribute));
    }
}

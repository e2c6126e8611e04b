using System.Globalization;
using Weir.Bpf.Kernel;
using Weir.Bpf.Links;
using Weir.Bpf.Loading;
using Weir.Bpf.Netlink;

namespace Weir.Control.Instances;

/// <summary>
/// The programs at devices and control groups. Where the kernel has TCX, an attachment is a link that is pinned under the device's number; otherwise it is a
/// filter at the device's clsact, which the device itself keeps.
/// </summary>
internal sealed class Attachments(string pins, PinnedPrograms programs)
{
    // Far behind what people usually choose, in front of nothing: clsact runs filters by priority.
    private const ushort FilterPriority = 0xc000;
    private const uint FilterHandle = 0x77656972;
    private const string FilterName = "weir";

    // In the order in which they are attached: a socket that is connected through a service must find the others in place.
    private static readonly (string Program, AttachKind Attach)[] s_socketHooks =
    [
        ("cgroup-sendmsg4", AttachKind.CgroupUdp4Send),
        ("cgroup-recvmsg4", AttachKind.CgroupUdp4Receive),
        ("cgroup-getpeername4", AttachKind.CgroupInet4GetPeerName),
        ("cgroup-sendmsg6", AttachKind.CgroupUdp6Send),
        ("cgroup-recvmsg6", AttachKind.CgroupUdp6Receive),
        ("cgroup-getpeername6", AttachKind.CgroupInet6GetPeerName),
        ("cgroup-connect6", AttachKind.CgroupInet6Connect),
        ("cgroup-connect4", AttachKind.CgroupInet4Connect),
    ];

    private static readonly string[] s_devicePrograms = ["Ingress", "Egress", "IngressRaw", "EgressRaw"];

    private bool? _hasTcx;

    private string Links => $"{pins}/links";

    /// <summary>The numbers of the devices that have links, or a clsact of ours.</summary>
    public HashSet<uint> KnownDevices()
    {
        var result = new HashSet<uint>();
        if (!HasTcx)
        {
            foreach (var path in Directory.EnumerateDirectories(Clsact)) result.Add(uint.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture));
        }
        foreach (var path in Directory.EnumerateFiles(Links))
        {
            var name = Path.GetFileName(path);
            if (name.EndsWith("-egress", StringComparison.Ordinal) && uint.TryParse(name.AsSpan(0, name.IndexOf('-')), CultureInfo.InvariantCulture, out var index))
                result.Add(index);
        }
        return result;
    }

    /// <summary>Attaches both programs to a device; false where the device is gone already.</summary>
    public bool Attach(NetworkDevice device, RouteSocket socket)
    {
        try
        {
            foreach (var direction in (TcDirection[])[TcDirection.Ingress, TcDirection.Egress]) Attach(device.IfIndex, direction, ProgramFor(device, direction), socket);
            return true;
        }
        catch (BpfException problem) when (problem.Errno is Errno.ENODEV)
        {
            return false;
        }
    }

    /// <summary>Puts other programs where these are.</summary>
    public void Exchange(IReadOnlyList<NetworkDevice> devices, Func<string, BpfProgram?> other, RouteSocket socket)
    {
        foreach (var device in devices)
        {
            foreach (var direction in (TcDirection[])[TcDirection.Ingress, TcDirection.Egress])
            {
                if (other(ProgramFor(device, direction)) is not { } program) continue;
                if (HasTcx && IsLinked(device.IfIndex, direction)) Update($"{Links}/{NameOf(device.IfIndex, direction)}", program);
                else if (!HasTcx && HasFilter(device.IfIndex, direction, socket)) socket.ReplaceFilter(device.IfIndex, direction, FilterPriority, FilterHandle, program, FilterName);
            }
        }
        foreach (var (name, _) in s_socketHooks)
        {
            if (File.Exists($"{Links}/{name}") && other(name) is { } program) Update($"{Links}/{name}", program);
        }
    }

    /// <summary>Takes the programs off a device (or forgets links of one that is gone).</summary>
    public void Detach(uint ifIndex, RouteSocket socket)
    {
        foreach (var direction in (TcDirection[])[TcDirection.Egress, TcDirection.Ingress])
        {
            Unlink($"{Links}/{NameOf(ifIndex, direction)}");
            if (!HasTcx) socket.DeleteFilter(ifIndex, direction, FilterPriority, FilterHandle);
        }
        if (!HasTcx) RemoveClsact(ifIndex, socket);
    }

    /// <summary>Whether both programs of this instance are on the device.</summary>
    public bool IsAttached(uint ifIndex, RouteSocket socket) =>
        HasTcx ? IsLinked(ifIndex, TcDirection.Ingress) && IsLinked(ifIndex, TcDirection.Egress)
            : HasFilter(ifIndex, TcDirection.Ingress, socket) && HasFilter(ifIndex, TcDirection.Egress, socket);

    /// <summary>How many programs of others TCX runs at the device.</summary>
    public int CountOthers(uint ifIndex, TcDirection direction) =>
        HasTcx ? BpfLink.CountTcx(ifIndex, direction) - (IsLinked(ifIndex, direction) ? 1 : 0) : 0;

    /// <summary>Whether others have filters at the device's clsact.</summary>
    public static bool HasOtherFilters(uint ifIndex, TcDirection direction, RouteSocket socket) => socket.HasOtherFilters(ifIndex, direction, FilterPriority, FilterHandle);

    /// <summary>Whether the socket hooks are attached.</summary>
    public bool HasSocketHooks => File.Exists($"{Links}/{s_socketHooks[^1].Program}");

    /// <summary>Attaches the socket hooks to the root of the version 2 hierarchy; false where the kernel has none.</summary>
    public bool AttachSocketHooks()
    {
        if (HasSocketHooks) return true;
        using var root = Cgroup.OpenRoot();
        if (root is null) return false;
        programs.Load(s_socketHooks.Select(hook => hook.Program));
        foreach (var (name, attach) in s_socketHooks)
        {
            if (File.Exists($"{Links}/{name}")) continue;
            using var link = BpfLink.AttachCgroup(programs.Get(name), root, attach);
            link.PinTo($"{Links}/{name}");
        }
        return true;
    }

    public void DetachSocketHooks()
    {
        for (var i = s_socketHooks.Length - 1; i >= 0; i--) Unlink($"{Links}/{s_socketHooks[i].Program}");
    }

    /// <summary>Stands for a kernel without TCX, which is asked when the instance is made; in it a folder for each device whose clsact was added for this.</summary>
    private string Clsact => $"{pins}/clsact";

    private bool HasTcx => _hasTcx ??= !Directory.Exists(Clsact);

    private void Attach(uint ifIndex, TcDirection direction, string program, RouteSocket socket)
    {
        if (HasTcx)
        {
            if (IsLinked(ifIndex, direction)) return;
            var path = $"{Links}/{NameOf(ifIndex, direction)}";
            Unlink(path);
            using var link = BpfLink.AttachTcx(programs.Get(program), ifIndex, direction);
            link.PinTo(path);
            return;
        }
        if (socket.AddClsact(ifIndex)) Directory.CreateDirectory(FolderOf(ifIndex));
        socket.ReplaceFilter(ifIndex, direction, FilterPriority, FilterHandle, programs.Get(program), FilterName);
    }

    /// <summary>Whether the pinned link is at the device: numbers can come again, and then the link of the former device is at none.</summary>
    private bool IsLinked(uint ifIndex, TcDirection direction)
    {
        using var link = BpfLink.TryOpenPinned($"{Links}/{NameOf(ifIndex, direction)}");
        return link?.Info.IfIndex == ifIndex;
    }

    private void RemoveClsact(uint ifIndex, RouteSocket socket)
    {
        if (!Directory.Exists(FolderOf(ifIndex))) return;
        // Filters that others have put there since keep it.
        if (socket.Filters(ifIndex, TcDirection.Ingress).Count + socket.Filters(ifIndex, TcDirection.Egress).Count == 0) socket.DeleteClsact(ifIndex);
        Directory.Delete(FolderOf(ifIndex));
    }

    private string FolderOf(uint ifIndex) => $"{Clsact}/{ifIndex.ToString(CultureInfo.InvariantCulture)}";

    private bool HasFilter(uint ifIndex, TcDirection direction, RouteSocket socket)
    {
        foreach (var filter in socket.Filters(ifIndex, direction))
        {
            if (filter.Priority == FilterPriority && filter.Handle == FilterHandle && IsOurs(filter.ProgramId)) return true;
        }
        return false;
    }

    private bool IsOurs(uint id)
    {
        foreach (var name in s_devicePrograms)
        {
            if (programs.TryGet(name)?.Info.Id == id) return true;
        }
        return false;
    }

    private static string ProgramFor(NetworkDevice device, TcDirection direction) => $"{direction}{(Devices.HasLinkHeader(device) ? "" : "Raw")}";

    private static void Update(string path, BpfProgram program)
    {
        using var link = BpfLink.OpenPinned(path);
        link.Update(program);
    }

    internal static void Unlink(string path)
    {
        // A link that nobody holds any more ends some time later; who takes the programs off wants them gone when the command ends.
        using (var link = BpfLink.TryOpenPinned(path)) link?.Detach();
        Pin.Remove(path);
    }

    private static string NameOf(uint ifIndex, TcDirection direction) =>
        $"{ifIndex.ToString(CultureInfo.InvariantCulture)}-{(direction == TcDirection.Ingress ? "ingress" : "egress")}";
}

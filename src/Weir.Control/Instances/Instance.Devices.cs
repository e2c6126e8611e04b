using System.Globalization;
using Weir.Bpf.Linux;
using Weir.Bpf.Netlink;
using Weir.Control.Images;
using Weir.Control.Services;
using Weir.DataPath;
using Weir.DataPath.Image;
using Weir.DataPath.Rules;

namespace Weir.Control.Instances;

/// <summary>The devices and sockets that the data path acts on.</summary>
public sealed partial class Instance
{
    // Settings of the loopback device, by the names under which it is remembered what they were.
    private static readonly (string Name, string Path) s_acceptLocal = ("lo.accept_local", "/proc/sys/net/ipv4/conf/lo/accept_local");
    private static readonly (string Name, string Path) s_forwardingIPv6 = ("lo.forwarding6", "/proc/sys/net/ipv6/conf/lo/forwarding");

    private readonly Attachments _attachments;
    private readonly XdpAttachments _xdp;

    /// <summary>The flags of the live image that services ask for.</summary>
    public uint ServiceFlags
    {
        get
        {
            var flags = (uint)Active & (ActiveImage.Services | ActiveImage.Guarded);
            return flags == 0 ? 0 : flags | ActiveImage.Tracking;
        }
    }

    /// <summary>Whether local clients are translated at their sockets.</summary>
    public bool HasSocketHooks => _attachments.HasSocketHooks;

    /// <summary>Brings devices up to date: attaches to those that are new, tells the data path names and addresses. The caller holds the lock.</summary>
    public void Refresh(FileLock held)
    {
        ArgumentNullException.ThrowIfNull(held);
        Cover();
    }

    /// <summary>Says whether XDP is to work at a device; devices of that name that come later follow it too. The caller holds the lock.</summary>
    public void ChooseXdp(string device, XdpChoice choice, FileLock held)
    {
        ArgumentNullException.ThrowIfNull(held);
        using (var socket = new RouteSocket())
        {
            var index = socket.Devices().FirstOrDefault(known => known.Name == device)?.IfIndex ?? 0;
            var before = _xdp.ChoiceOf(device);
            _xdp.Choose(device, choice);
            try
            {
                if (choice == XdpChoice.On) _xdp.Attach(socket.Devices(), socket, index);
            }
            catch
            {
                _xdp.Choose(device, before);
                throw;
            }
        }
        Cover();
    }

    /// <summary>The devices, each with the reason why it is not covered, or null, and with what there is to say of XDP, or null.</summary>
    public IReadOnlyList<(NetworkDevice Device, string? Uncovered, string? Xdp)> Coverage()
    {
        using var socket = new RouteSocket();
        var devices = socket.Devices();
        var result = new List<(NetworkDevice, string?, string?)>();
        foreach (var device in devices)
        {
            var reason = Devices.UncoveredReason(device, devices);
            if (reason is null && !_attachments.IsAttached(device.IfIndex, socket)) reason = "it appeared after the last command and no daemon runs";
            result.Add((device, reason, reason is null ? _xdp.Describe(device, devices, socket) : null));
        }
        return result;
    }

    /// <summary>
    /// Local packets that nat OUTPUT sends to this host itself come in by the loopback device with a local source, which the kernel drops as martian unless
    /// the device accepts local sources. What the setting was is kept for <see cref="Remove"/>.
    /// </summary>
    public void AcceptLocalSources(StateFolder folder) => TurnOn(folder, s_acceptLocal);

    /// <summary>The first service comes: packets are looked up, and the sockets of local clients are translated.</summary>
    public void EnableServices(StateFolder folder)
    {
        if ((Active & ActiveImage.Services) != 0 && _attachments.HasSocketHooks) return;
        _attachments.AttachSocketHooks();
        AcceptLocalSources(folder);
        // Look-ups as of what is made here ask whether the loopback device forwards; nothing else does.
        TurnOn(folder, s_forwardingIPv6);
        var live = ReadImage();
        Commit(ImageBuilder.WithFlags(live, ActiveImage.Services | ActiveImage.Tracking, 0));
    }

    /// <summary>Whether what begins at addresses of services, and is for none, is refused.</summary>
    public void GuardServices(bool isOn)
    {
        if (((Active & ActiveImage.Guarded) != 0) != isOn) Commit(ImageBuilder.WithFlags(ReadImage(), isOn ? ActiveImage.Guarded : 0, isOn ? 0 : ActiveImage.Guarded));
    }

    /// <summary>The last service has gone.</summary>
    public void DisableServices()
    {
        if ((Active & ActiveImage.Guarded) != 0) return;
        if ((Active & ActiveImage.Services) != 0)
        {
            var live = ReadImage();
            var rulesTrack = (RuleImage.HeaderOf(live).Flags & ImageBuilder.RulesTrack) != 0;
            Commit(ImageBuilder.WithFlags(live, 0, ActiveImage.Services | (rulesTrack ? 0 : ActiveImage.Tracking)));
        }
        _attachments.DetachSocketHooks();
    }

    private static void TurnOn(StateFolder folder, (string Name, string Path) setting)
    {
        // Kernels may be without IPv6.
        if (!File.Exists(setting.Path)) return;
        var value = File.ReadAllText(setting.Path).Trim();
        if (value == "1") return;
        folder.Remember(setting.Name, value);
        File.WriteAllText(setting.Path, "1");
    }

    private static void RestoreSettings(StateFolder folder)
    {
        foreach (var (name, path) in ((string, string)[])[s_acceptLocal, s_forwardingIPv6])
        {
            if (folder.Recall(name) is { } value) File.WriteAllText(path, value);
        }
    }

    private void Cover()
    {
        using var socket = new RouteSocket();
        var devices = socket.Devices();
        var linked = _attachments.KnownDevices();
        foreach (var device in devices)
        {
            var isCovered = Devices.UncoveredReason(device, devices) is null;
            if (isCovered && !_attachments.IsAttached(device.IfIndex, socket)) _attachments.Attach(device, socket);
            else if (!isCovered && linked.Contains(device.IfIndex)) _attachments.Detach(device.IfIndex, socket);
            linked.Remove(device.IfIndex);
        }
        // What is left are links of devices that are gone.
        foreach (var index in linked) _attachments.Detach(index, socket);
        _xdp.Attach(devices, socket, 0);
        WriteDevices(Devices.Describe(devices, socket.Addresses(), socket.IPv6Addresses(), _xdp.Takers(devices, socket), ServiceTables.PodInterfaceOf(this)));
        _xdp.DetachUnwanted(devices, socket);
        if (AsksAddressTypes()) WriteAddressTypes(socket);
        WriteAnswerLimits();
    }

    /// <summary>REJECT sends no more ICMP errors than the kernel may.</summary>
    private void WriteAnswerLimits()
    {
        const ulong second = 1_000_000_000;
        const int destinationUnreachable = 3;
        var limits = default(AnswerLimits);
        if ((Setting("icmp_ratemask") >> destinationUnreachable & 1) != 0)
        {
            limits.Interval = Setting("icmp_ratelimit") * second / 1000;
            limits.OverallInterval = second / Math.Max(Setting("icmp_msgs_per_sec"), 1);
            limits.OverallBurst = Setting("icmp_msgs_burst");
        }
        Map(nameof(Maps.AnswerLimits)).AsArray<AnswerLimits>()[0] = limits;
    }

    /// <summary>A number of this namespace's net.ipv4; 0 where the kernel has none of that name.</summary>
    private static ulong Setting(string name)
    {
        var path = $"/proc/sys/net/ipv4/{name}";
        return File.Exists(path) && ulong.TryParse(File.ReadAllText(path), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : 0;
    }

    private void WriteAddressTypes(RouteSocket socket)
    {
        var types = new Dictionary<uint, uint>();
        foreach (var route in socket.LocalRoutes())
        {
            // Only 127.0.0.0/8 is more than one address, and the data path knows it.
            if (route.PrefixLength == 32) types.TryAdd(route.AddressBe, route.Type | route.IfIndex << 8);
        }
        var map = Map(nameof(Maps.AddressTypes)).AsHash<uint, uint>();
        foreach (var (address, type) in map.ToArray())
        {
            if (!types.TryGetValue(address, out var wanted)) map.Remove(address);
            else if (type == wanted) types.Remove(address);
        }
        foreach (var (address, type) in types) map.Set(address, type);
    }

    private void WriteDevices(Dictionary<uint, Device> devices)
    {
        var map = Map(nameof(Maps.Devices)).AsHash<uint, Device>();
        var isRenamed = false;
        foreach (var (index, known) in map.ToArray())
        {
            if (devices.TryGetValue(index, out var device)) isRenamed |= !NameOf(device).SequenceEqual(NameOf(known));
            else map.Remove(index);
        }
        foreach (var (index, device) in devices) map.Set(index, device);
        // Flows remember what rules made of the old name.
        if (isRenamed && ReadImage() is { Length: > 0 } live) Commit(ImageBuilder.WithFlags(live, 0, 0));

        static unsafe ReadOnlySpan<byte> NameOf(in Device device)
        {
            fixed (byte* name = device.Name) return new Span<byte>(name, 16).ToArray();
        }
    }

    private void Uncover(RouteSocket socket)
    {
        _attachments.DetachSocketHooks();
        // A device that has lost its program may take nothing more from the others'.
        if (Map(nameof(Maps.Devices)).Info.ValueSize == System.Runtime.CompilerServices.Unsafe.SizeOf<Device>())
        {
            var map = Map(nameof(Maps.Devices)).AsHash<uint, Device>();
            foreach (var (index, device) in map.ToArray()) map.Set(index, device with { Flags = DataPath.DeviceFlags.None });
        }
        _xdp.DetachAll();
        foreach (var device in socket.Devices()) _attachments.Detach(device.IfIndex, socket);
    }
}

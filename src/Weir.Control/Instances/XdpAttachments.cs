using System.Globalization;
using System.Text;
using Weir.Bpf.Kernel;
using Weir.Bpf.Links;
using Weir.Bpf.Linux;
using Weir.Bpf.Netlink;

namespace Weir.Control.Instances;

/// <summary>
/// The XDP program at devices: where it is, where it should be, and which devices take what it redirects. Programs run in drivers only (what the kernel makes of others
/// is slower than TC). A frame that XDP forwards is seen by nobody else, so a device at which others wait for packets is left to TC.
/// </summary>
internal sealed class XdpAttachments(string pins, PinnedPrograms programs, Attachments attachments)
{
    private const string Program = "Xdp";

    /// <summary>Drivers with ndo_xdp_xmit that send for others while they have a program of their own; for kernels that do not tell (before Linux 6.3).</summary>
    private static readonly string[] s_transmitters = ["virtio_net", "mlx5_core", "ixgbe", "i40e", "ice", "igb", "igc", "bnxt_en", "ena", "mvneta", "sfc"];

    /// <summary>Disciplines that a device has when nobody chose one, or that only hold filters: nothing is missing where frames do not queue in them.</summary>
    private static readonly string[] s_idleDisciplines = ["noqueue", "mq", "fq_codel", "pfifo_fast", "fq", "clsact", "ingress"];

    private string Choices => $"{pins}/xdp";

    /// <summary>What was chosen for a device, by its name.</summary>
    public XdpChoice ChoiceOf(string device)
    {
        if (Directory.Exists(ChoicePath(device, XdpChoice.On))) return XdpChoice.On;
        return Directory.Exists(ChoicePath(device, XdpChoice.Off)) ? XdpChoice.Off : XdpChoice.Automatic;
    }

    /// <summary>Keeps a choice, for the device that has the name now and for others that get it.</summary>
    public void Choose(string device, XdpChoice choice)
    {
        // Folders of the bpffs, so that they end with the instance.
        Directory.CreateDirectory(Choices);
        foreach (var other in (XdpChoice[])[XdpChoice.On, XdpChoice.Off])
        {
            if (other != choice && Directory.Exists(ChoicePath(device, other))) Directory.Delete(ChoicePath(device, other));
        }
        if (choice != XdpChoice.Automatic) Directory.CreateDirectory(ChoicePath(device, choice));
    }

    /// <summary>
    /// Attaches the program where it should be and is not. A driver that refuses is asked again next time, except where <paramref name="insisted"/> (a device's number)
    /// names its device: then it throws.
    /// </summary>
    public void Attach(IReadOnlyList<NetworkDevice> devices, RouteSocket socket, uint insisted)
    {
        var surroundings = new Surroundings(this, devices, socket);
        foreach (var device in devices)
        {
            if (IsLinked(device.IfIndex)) continue;
            if (surroundings.ReasonAgainst(device) is { } reason)
            {
                if (device.IfIndex == insisted) throw new InstanceException($"{device.Name}: {reason}");
                continue;
            }
            try
            {
                Pin.Remove(PathOf(device.IfIndex));
                using var link = BpfLink.AttachXdp(programs.Get(Program), device.IfIndex, XdpMode.Driver);
                link.PinTo(PathOf(device.IfIndex));
            }
            catch (BpfException problem) when (device.IfIndex != insisted && problem is not Bpf.Loading.VerifierException)
            {
                // TC does it all.
            }
        }
    }

    /// <summary>The devices that take what is redirected to them, once the program is where it should be.</summary>
    public HashSet<uint> Takers(IReadOnlyList<NetworkDevice> devices, RouteSocket socket)
    {
        var surroundings = new Surroundings(this, devices, socket);
        return [.. devices.Where(surroundings.Takes).Select(device => device.IfIndex)];
    }

    /// <summary>Takes the program off where it should not be (any more). Nothing may be redirected to these devices by now.</summary>
    public void DetachUnwanted(IReadOnlyList<NetworkDevice> devices, RouteSocket socket)
    {
        var surroundings = new Surroundings(this, devices, socket);
        foreach (var device in devices)
        {
            if (IsLinked(device.IfIndex) && surroundings.ReasonAgainst(device) is not null) Attachments.Unlink(PathOf(device.IfIndex));
        }
        foreach (var path in Directory.EnumerateFiles($"{pins}/links", "*-xdp"))
        {
            var index = uint.Parse(Path.GetFileName(path).AsSpan(0, Path.GetFileName(path).IndexOf('-')), CultureInfo.InvariantCulture);
            if (devices.All(device => device.IfIndex != index)) Attachments.Unlink(path);
        }
    }

    public void DetachAll()
    {
        foreach (var path in Directory.GetFiles($"{pins}/links", "*-xdp")) Attachments.Unlink(path);
    }

    /// <summary>Puts another program where this one is.</summary>
    public void Exchange(Func<string, Bpf.Loading.BpfProgram?> other)
    {
        if (other(Program) is not { } program) return;
        foreach (var path in Directory.GetFiles($"{pins}/links", "*-xdp"))
        {
            using var link = BpfLink.OpenPinned(path);
            // That of a device that is gone has nothing to exchange.
            if (link.Info.IfIndex != 0) link.Update(program);
        }
    }

    /// <summary>What there is to say of a device: how XDP works there, or why not; null where nobody would expect it.</summary>
    public string? Describe(NetworkDevice device, IReadOnlyList<NetworkDevice> devices, RouteSocket socket)
    {
        var surroundings = new Surroundings(this, devices, socket);
        if (IsLinked(device.IfIndex)) return surroundings.Takes(device) ? "XDP" : "XDP, takes no frames from others";
        if (!IsCandidate(device)) return ChoiceOf(device.Name) == XdpChoice.Off ? "XDP off" : null;
        return $"no XDP: {surroundings.ReasonAgainst(device) ?? "the driver refuses it"}";
    }

    /// <summary>Whether the program may be wanted at the device at all, which is known without asking further.</summary>
    private bool IsCandidate(NetworkDevice device) => ChoiceOf(device.Name) switch
    {
        XdpChoice.On => true,
        XdpChoice.Off => false,
        _ => device.IsPhysical && Devices.HasLinkHeader(device),
    };

    private bool IsLinked(uint ifIndex)
    {
        using var link = BpfLink.TryOpenPinned(PathOf(ifIndex));
        return link?.Info.IfIndex == ifIndex;
    }

    private string PathOf(uint ifIndex) => $"{pins}/links/{ifIndex.ToString(CultureInfo.InvariantCulture)}-xdp";

    // A bpffs takes no dots in names.
    private string ChoicePath(string device, XdpChoice choice) => $"{Choices}/{(choice == XdpChoice.On ? "on" : "off")}-{Convert.ToHexString(Encoding.UTF8.GetBytes(device))}";

    /// <summary>What the kernel says of the devices, asked for once and only where it matters.</summary>
    private sealed class Surroundings(XdpAttachments owner, IReadOnlyList<NetworkDevice> devices, RouteSocket socket)
    {
        private readonly Lazy<IReadOnlyDictionary<uint, XdpFeatures>?> _features = new(static () =>
        {
            using var features = new DeviceFeaturesSocket();
            return features.XdpFeaturesOfAll();
        });

        private readonly Lazy<IReadOnlyList<(uint IfIndex, string Kind)>> _disciplines = new(socket.Disciplines);

        /// <summary>Why the program should not be at the device, or null.</summary>
        public string? ReasonAgainst(NetworkDevice device)
        {
            if (!owner.IsCandidate(device)) return "it was not asked for";
            if (Devices.UncoveredReason(device, devices) is { } uncovered) return uncovered;
            if (device.IsLoopback || !Devices.HasLinkHeader(device)) return "it is no Ethernet";
            const XdpFeatures needed = XdpFeatures.Basic | XdpFeatures.Redirect;
            if (_features.Value is { } features && (features.GetValueOrDefault(device.IfIndex) & needed) != needed) return "its driver has none";
            if (owner.ChoiceOf(device.Name) == XdpChoice.Automatic && DeviceSettings.TakesTagsOff(device.Name) == true)
                return "it takes VLAN tags off, so that tagged frames could not be told (ethtool -K rxvlan off)";
            if (device.XdpProgramId != 0 && !owner.IsLinked(device.IfIndex)) return "another program is there";
            return owner.HasOthers(device, TcDirection.Ingress, _disciplines.Value, socket) ? "others filter at its ingress" : null;
        }

        /// <summary>Whether the device takes redirected frames, and nobody waits for them at its egress.</summary>
        public bool Takes(NetworkDevice device)
        {
            if (!owner.IsCandidate(device) || Devices.UncoveredReason(device, devices) is not null) return false;
            if (_disciplines.Value.Any(discipline => discipline.IfIndex == device.IfIndex && !s_idleDisciplines.Contains(discipline.Kind))) return false;
            if (owner.HasOthers(device, TcDirection.Egress, _disciplines.Value, socket)) return false;
            return _features.Value is { } features
                ? (features.GetValueOrDefault(device.IfIndex) & XdpFeatures.Transmit) != 0
                : owner.IsLinked(device.IfIndex) && s_transmitters.Contains(DeviceSettings.DriverOf(device.Name));
        }
    }

    /// <summary>Whether anything else sits at the device's TC.</summary>
    private bool HasOthers(NetworkDevice device, TcDirection direction, IReadOnlyList<(uint IfIndex, string Kind)> disciplines, RouteSocket socket)
    {
        if (attachments.CountOthers(device.IfIndex, direction) > 0) return true;
        return disciplines.Any(discipline => discipline.IfIndex == device.IfIndex && discipline.Kind is "clsact" or "ingress") &&
            Attachments.HasOtherFilters(device.IfIndex, direction, socket);
    }
}

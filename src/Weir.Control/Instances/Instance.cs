using System.Runtime.InteropServices;
using Weir.Bpf.Kernel;
using Weir.Bpf.Links;
using Weir.Bpf.Linux;
using Weir.Bpf.Loading;
using Weir.Bpf.Maps;
using Weir.Bpf.Netlink;
using Weir.Bpf.Objects;
using Weir.Control.Images;
using Weir.DataPath;
using Weir.DataPath.Image;

namespace Weir.Control.Instances;

/// <summary>
/// The data path of one network namespace: opened through its pins in a few system calls, made on first use. Its parts: rules in
/// <c>Instance.Image.cs</c>, counters in <c>Instance.Counters.cs</c>, devices and socket hooks in <c>Instance.Devices.cs</c>.
/// </summary>
public sealed partial class Instance : IDisposable
{
    private readonly Dictionary<string, BpfMap> _maps = [];
    private readonly PinnedPrograms _programs;
    private readonly string _pins;

    private Instance(string pins, ulong fingerprint)
    {
        _pins = pins;
        Fingerprint = fingerprint;
        _programs = new(pins, fingerprint);
        _attachments = new(pins, _programs);
        _xdp = new(pins, _programs, _attachments);
    }

    /// <summary>An empty folder of pins whose name says which form the maps have.</summary>
    private static string LayoutFolder => $"layout-{DataPathObject.Layout:x16}";

    /// <summary>What tells the loaded object from that of another build.</summary>
    public ulong Fingerprint { get; }

    /// <summary>Where the pins are.</summary>
    public string Pins => _pins;

    /// <summary>Whether what is loaded is what this binary carries.</summary>
    public bool IsCurrent => Fingerprint == DataPathObject.Fingerprint;

    /// <summary>Opens the instance of this network namespace, or gives null where there is none.</summary>
    public static Instance? TryOpen(StateFolder folder)
    {
        var fingerprint = DataPathObject.Fingerprint;
        var pins = folder.PinsOf(fingerprint);
        if (Directory.Exists(pins)) return new(pins, fingerprint);
        // Another build's instance is there until a changing command exchanges its programs.
        foreach (var (path, other) in folder.FindPins())
        {
            return Directory.Exists($"{path}/{LayoutFolder}")
                ? new(path, other)
                : throw new InstanceException("what is loaded in this network namespace is of another build, whose tables differ: save its rules and services with that build, then 'weir down'");
        }
        return null;
    }

    /// <summary>
    /// Where what is loaded is of another build: exchanges its programs for those of this one, each at once for all packets. The maps stay, with rules, services,
    /// connections and counters. The caller holds the lock.
    /// </summary>
    public static Instance? TryOpenCurrent(StateFolder folder, FileLock held)
    {
        ArgumentNullException.ThrowIfNull(held);
        var instance = TryOpen(folder);
        if (instance is null or { IsCurrent: true }) return instance;
        using (var other = instance)
        {
            using var socket = new RouteSocket();
            other._programs.Exchange(programs =>
            {
                other._attachments.Exchange(socket.Devices(), programs, socket);
                other._xdp.Exchange(programs);
            });
            // A command that is killed before the folder has its new name does it all again.
            Directory.Move(other._pins, folder.PinsOf(DataPathObject.Fingerprint));
        }
        return TryOpen(folder);
    }

    /// <summary>
    /// Makes the instance: everything is made and pinned in a folder of another name, and renaming it is the moment at which the instance is there. Until then,
    /// and until the first rules are loaded, its programs let every packet pass. The caller holds the lock.
    /// </summary>
    public static Instance Create(StateFolder folder, FileLock held)
    {
        ArgumentNullException.ThrowIfNull(held);
        folder.Prepare();
        RemovePins(folder.NewPins);
        RemoveDead(folder);
        var file = DataPathObject.Load();
        var options = new LoadOptions
        {
            Data = new Dictionary<string, byte[]> { [nameof(Maps.Settings)] = SettingsOf(folder) },
            Programs = PinnedPrograms.IsAlwaysNeeded,
        };
        using (var loaded = Loader.Load(file, options)) WritePins(folder.NewPins, loaded);
        var pins = folder.PinsOf(DataPathObject.Fingerprint);
        using (var unfinished = new Instance(folder.NewPins, DataPathObject.Fingerprint))
        {
            unfinished.Map(nameof(Maps.Timeouts)).AsArray<DataPath.Flows.TimeoutSettings>()[0] = TimeoutDefaults.Value;
            unfinished.EnsureCounters(0);
            unfinished.PrepareImages();
            unfinished.Commit(ImageBuilder.Empty());
            unfinished.Cover();
        }
        Directory.Move(folder.NewPins, pins);
        return new(pins, DataPathObject.Fingerprint);
    }

    /// <summary>One of the object's maps, opened when it is first asked for.</summary>
    public BpfMap Map(string name)
    {
        if (!_maps.TryGetValue(name, out var map)) _maps.Add(name, map = BpfMap.OpenPinned($"{_pins}/maps/{name}"));
        return map;
    }

    /// <summary>One of the programs that are not for devices, loaded when it is first asked for. The caller holds the lock.</summary>
    internal BpfProgram Program(string name) => _programs.Get(name);

    /// <summary>Names of the loaded programs.</summary>
    public IReadOnlyList<string> ProgramNames() => [.. Directory.EnumerateFiles($"{_pins}/programs").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>Names of the maps.</summary>
    public IReadOnlyList<string> MapNames() => [.. Directory.EnumerateFiles($"{_pins}/maps").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>The number of entries of a hash map.</summary>
    public int CountEntries(string name)
    {
        var map = Map(name);
        var count = 0;
        var key = new byte[map.Info.KeySize];
        var next = new byte[map.Info.KeySize];
        var errno = map.TryNextKey([], next);
        while (errno == Errno.None && count <= map.Info.MaxEntries)
        {
            count++;
            (key, next) = (next, key);
            errno = map.TryNextKey(key, next);
        }
        return count;
    }

    /// <summary>Removes the instance with all that it attached and changed; the maps go with it. The caller holds the lock, which goes too.</summary>
    public static bool Remove(StateFolder folder, FileLock held)
    {
        var found = false;
        using (var socket = new RouteSocket())
        {
            foreach (var (path, fingerprint) in folder.FindPins())
            {
                found = true;
                using (var instance = new Instance(path, fingerprint)) instance.Uncover(socket);
                RemovePins(path);
            }
        }
        RemovePins(folder.NewPins);
        RestoreSettings(folder);
        folder.Remove(held);
        return found;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var map in _maps.Values) map.Dispose();
        CloseChunks();
        _programs.Dispose();
    }

    private static void WritePins(string folder, LoadedObject loaded)
    {
        Directory.CreateDirectory(folder);
        foreach (var part in (string[])["maps", "programs", "links"]) Directory.CreateDirectory($"{folder}/{part}");
        if (!Has(KernelFeature.Tcx)) Directory.CreateDirectory($"{folder}/clsact");
        Directory.CreateDirectory($"{folder}/{LayoutFolder}");
        foreach (var (name, map) in loaded.Maps) map.PinTo($"{folder}/maps/{name}");
        foreach (var (name, program) in loaded.Programs) program.PinTo($"{folder}/programs/{name}");
    }

    /// <summary>Removes what namespaces have left that ended without <c>weir down</c>.</summary>
    private static void RemoveDead(StateFolder folder)
    {
        foreach (var (cookie, pins) in folder.FindAllPins())
        {
            try
            {
                if (!IsDead(pins)) continue;
                RemovePins(pins);
                folder.RemoveOther(cookie);
            }
            catch (IOException)
            {
                // Another command was faster.
            }
        }
    }

    /// <summary>
    /// Whether none of the instance's links is at a device any more, not even that of the loopback device, which ends with its namespace. (Where the kernel has
    /// no TCX there are no links to tell by.)
    /// </summary>
    private static bool IsDead(string pins)
    {
        var links = Directory.GetFiles($"{pins}/links").Where(path => path.EndsWith("gress", StringComparison.Ordinal)).ToArray();
        foreach (var path in links)
        {
            using var link = BpfLink.TryOpenPinned(path);
            if (link is not null && link.Info.IfIndex != 0) return false;
        }
        return links.Length > 0;
    }

    private static void RemovePins(string folder)
    {
        if (!Directory.Exists(folder)) return;
        // Links go first: nothing is left attached that refers to maps which are about to go.
        foreach (var part in (string[])["links", "programs", "maps"])
        {
            if (!Directory.Exists($"{folder}/{part}")) continue;
            foreach (var path in Directory.GetFiles($"{folder}/{part}")) Pin.Remove(path);
            Directory.Delete($"{folder}/{part}");
        }
        // Folders without pins that say something by their names.
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Whether the kernel has a feature, and WEIR_WITHOUT (names with commas between them) does not say to do without it: tests try the older ways so.</summary>
    private static bool Has(KernelFeature feature) =>
        !(Environment.GetEnvironmentVariable("WEIR_WITHOUT") ?? "").Split(',').Contains(feature.ToString()) && KernelFeatures.Has(feature);

    private static bool IsOn(string setting)
    {
        var path = $"/proc/sys/net/netfilter/{setting}";
        return !File.Exists(path) || File.ReadAllText(path).Trim() != "0";
    }

    private static byte[] SettingsOf(StateFolder folder)
    {
        var settings = new Settings
        {
            NetnsCookie = folder.Cookie,
            LoopbackIfIndex = 1,
            EmbryonicMask = Maps.Embryonic.MaxEntries - 1,
        };
        // As connection tracking is set in this namespace; where the kernel has none, as it would be.
        if (IsOn("nf_conntrack_tcp_loose")) settings.Flags |= SettingsFlags.TcpLoose;
        if (IsOn("nf_conntrack_checksum")) settings.Flags |= SettingsFlags.VerifyChecksums;
        if (Has(KernelFeature.FibLookupSkipNeighbour)) settings.Flags |= SettingsFlags.FibSkipNeighbour;
        if (Has(KernelFeature.FibLookupSource)) settings.Flags |= SettingsFlags.FibSource;
        if (Has(KernelFeature.FibLookupMark)) settings.Flags |= SettingsFlags.FibMark;
        if (Has(KernelFeature.ReadKernelMemory))
        {
            settings.Flags |= SettingsFlags.ReadKernel;
            settings.Passage = KernelPaths.Passage();
            settings.SocketsHook = KernelPaths.SocketsHook();
        }
        return MemoryMarshal.AsBytes(new ReadOnlySpan<Settings>(in settings)).ToArray();
    }
}

using System.Globalization;
using Weir.Bpf.Kernel;
using Weir.Bpf.Linux;

namespace Weir.Control.Instances;

/// <summary>
/// Where the state of one network namespace is found: a folder with the lock and what <c>weir down</c> must restore, and beside it, in a bpffs of
/// Weir's own that all namespaces share, the pins. Both lie in the mount namespace that all commands share (<see cref="MountNamespace"/>).
/// <code>
/// /run/weir/COOKIE/lock              taken by every change
/// /run/weir/COOKIE/log               held by weir log, and by weir daemon for as long as it prints what has come
/// /run/weir/COOKIE/NAME              the value of a sysctl before Weir changed it
/// /run/weir/mount.lock               taken while the bpffs is mounted or unmounted
/// /run/weir/bpf/COOKIE-FINGERPRINT   pins of maps, programs and links; the fingerprint is that of the data path's object
/// /run/weir/bpf/COOKIE-new           the same while it is being made
/// </code>
/// </summary>
public sealed class StateFolder
{
    private const string FileSystem = "bpf";

    private StateFolder(string root, ulong cookie)
    {
        Root = root;
        Cookie = cookie;
    }

    /// <summary>The folder of all namespaces: <c>/run/weir</c>, or what WEIR_STATE_DIR says; as seen in the shared mount namespace.</summary>
    public string Root { get; }

    /// <summary>The network namespace's cookie, which is never used again while the host runs.</summary>
    public ulong Cookie { get; }

    /// <summary>The bpffs as seen in the shared mount namespace.</summary>
    public string PinRoot => $"{Root}/{FileSystem}";

    private string Name => Cookie.ToString(CultureInfo.InvariantCulture);

    private string Folder => MountNamespace.Reach($"{Root}/{Name}");

    private string MountLock => MountNamespace.Reach($"{Root}/mount.lock");

    /// <summary>The state folder of this process's network namespace.</summary>
    public static StateFolder Current() =>
        new(Environment.GetEnvironmentVariable("WEIR_STATE_DIR") is { Length: > 0 } text ? Path.GetFullPath(text) : "/run/weir", NetworkNamespace.Cookie);

    /// <summary>The pins of an instance with this object, as this process reaches them.</summary>
    public string PinsOf(ulong fingerprint) => MountNamespace.Reach($"{PinRoot}/{Name}-{fingerprint:x16}");

    /// <summary>The folder of pins of an instance that is being made.</summary>
    public string NewPins => MountNamespace.Reach($"{PinRoot}/{Name}-new");

    /// <summary>Folders of pins of this namespace that are complete, with the fingerprints of their objects.</summary>
    public IReadOnlyList<(string Path, ulong Fingerprint)> FindPins()
    {
        var result = new List<(string, ulong)>();
        var root = MountNamespace.Reach(PinRoot);
        if (!Directory.Exists(root)) return result;
        foreach (var path in Directory.GetDirectories(root, $"{Name}-*"))
        {
            if (ulong.TryParse(Path.GetFileName(path)[(Name.Length + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var fingerprint))
                result.Add((path, fingerprint));
        }
        return result;
    }

    /// <summary>Folders of pins of all namespaces but this one, with the namespaces' cookies.</summary>
    public IReadOnlyList<(string Cookie, string Path)> FindAllPins()
    {
        var result = new List<(string, string)>();
        foreach (var path in Directory.GetDirectories(MountNamespace.Reach(PinRoot)))
        {
            var name = Path.GetFileName(path);
            if (name.IndexOf('-') is > 0 and var end && name[..end] != Name) result.Add((name[..end], path));
        }
        return result;
    }

    /// <summary>Removes the folder of a namespace that has ended.</summary>
    public void RemoveOther(string cookie) => Directory.Delete(MountNamespace.Reach($"{Root}/{cookie}"), recursive: true);

    /// <summary>Makes the bpffs where there is none yet. The caller holds the lock, so this namespace's folder is there and keeps the others' <see cref="Remove"/> from unmounting it.</summary>
    public void Prepare()
    {
        // Two namespaces may come here at once; a second mount on top would hide the first one's pins.
        using var _ = FileLock.Take(MountLock, null);
        var root = MountNamespace.Reach(PinRoot);
        Directory.CreateDirectory(root);
        if (!Pin.IsFileSystem(root)) MountNamespace.MountBpf(PinRoot);
    }

    /// <summary>Takes the lock of this namespace's changes; null if it was not to be had within the limit (null: as long as it takes).</summary>
    public FileLock? TakeLock(TimeSpan? limit)
    {
        while (true)
        {
            try
            {
                return FileLock.Take($"{Folder}/lock", limit);
            }
            catch (BpfException problem) when (problem.Errno == Errno.ENOENT)
            {
                // The first command, or weir down removed the folder in between.
                Directory.CreateDirectory(Folder);
            }
        }
    }

    /// <summary>Takes the right to read LOG events, which one process at a time can; null where another has it.</summary>
    public FileLock? TakeLog(TimeSpan limit)
    {
        try
        {
            return FileLock.Take($"{Folder}/log", limit);
        }
        catch (BpfException problem) when (problem.Errno == Errno.ENOENT)
        {
            // weir down removed the folder.
            return null;
        }
    }

    /// <summary>Remembers a value for <see cref="Recall"/>, unless one is remembered already.</summary>
    public void Remember(string name, string value)
    {
        var path = $"{Folder}/{name}";
        if (File.Exists(path)) return;
        // Complete or not there at all, whatever happens in between.
        File.WriteAllText($"{path}.new", value);
        File.Move($"{path}.new", path);
    }

    /// <summary>What was remembered, or null.</summary>
    public string? Recall(string name) => File.Exists($"{Folder}/{name}") ? File.ReadAllText($"{Folder}/{name}") : null;

    /// <summary>Removes this namespace's folder, and all of Weir's where no other namespace has anything there.</summary>
    public void Remove(FileLock held)
    {
        foreach (var file in Directory.GetFiles(Folder))
        {
            if (Path.GetFileName(file) != "lock") File.Delete(file);
        }
        held.Remove();
        TryRemoveEmpty(Folder);
        try
        {
            using var _ = FileLock.Take(MountLock, null);
            RemoveAll();
        }
        catch (BpfException problem) when (problem.Errno == Errno.ENOENT)
        {
            // Another namespace's weir down was the last.
        }
    }

    private void RemoveAll()
    {
        var root = MountNamespace.Reach(Root);
        var pins = MountNamespace.Reach(PinRoot);
        if (Directory.GetDirectories(root).Any(path => path != pins)) return;
        if (Pin.IsFileSystem(pins))
        {
            if (Directory.EnumerateDirectories(pins).Any()) return;
            MountNamespace.Unmount(PinRoot);
        }
        else
        {
            TryRemoveEmpty(pins);
        }
        File.Delete(MountLock);
        TryRemoveEmpty(root);
    }

    private static void TryRemoveEmpty(string path)
    {
        try
        {
            Directory.Delete(path);
        }
        catch (IOException)
        {
            // Someone has begun to use it again.
        }
    }
}

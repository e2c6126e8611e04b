using System.Security.Cryptography;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Weir.Kubernetes.Objects;
using Weir.Kubernetes.Semantics;

namespace Weir.Kubernetes.Manifests;

/// <summary>
/// A folder of manifests in place of an API server. Changes of its files are followed; a file that cannot be read keeps the objects that it had, and is
/// named in a log line.
/// </summary>
public sealed partial class ManifestFolder
{
    // Changes are told by the kernel; this is for what it does not tell (network file systems, a folder that was exchanged).
    private static readonly TimeSpan ScanPeriod = TimeSpan.FromSeconds(10), SettleTime = TimeSpan.FromMilliseconds(20);

    private readonly string _path;
    private readonly IObjectSink _sink;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, ManifestFile> _files = [];
    private Dictionary<(Type Kind, ObjectName Name), IKubernetesObject<V1ObjectMeta>> _objects = [];
    private bool _isSynced;

    /// <summary>Reads nothing yet.</summary>
    /// <param name="path">The folder; files in folders of it are left out.</param>
    /// <param name="sink">Where the objects go.</param>
    /// <param name="logger">Where bad files are named.</param>
    /// <param name="time">The clock.</param>
    public ManifestFolder(string path, IObjectSink sink, ILogger<ManifestFolder> logger, TimeProvider? time = null)
    {
        _path = Path.GetFullPath(path);
        _sink = sink;
        _logger = logger;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Follows the folder until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        // Not disposed: a watcher may call once more after its end.
        var signal = new SemaphoreSlim(0);
        using var watcher = Watch(() => signal.Release());
        using var timer = _time.CreateTimer(_ => signal.Release(), null, ScanPeriod, ScanPeriod);
        try
        {
            while (true)
            {
                while (signal.Wait(0, CancellationToken.None))
                {
                }
                Scan();
                await signal.WaitAsync(cancellation).ConfigureAwait(false);
                // An editor writes in several steps.
                await Task.Delay(SettleTime, _time, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            watcher?.EnableRaisingEvents = false;
        }
    }

    /// <summary>Reads what has changed.</summary>
    public void Scan()
    {
        if (!ReadFiles()) return;
        var objects = new Dictionary<(Type, ObjectName), IKubernetesObject<V1ObjectMeta>>();
        foreach (var (name, file) in _files.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            foreach (var value in file.Objects)
            {
                if (objects.TryAdd((value.GetType(), ObjectName.Of(value)), value)) continue;
                if (!file.IsNamed) ObjectTwice(_logger, name, value.Kind, ObjectName.Of(value));
            }
            file.IsNamed = true;
        }
        if (_isSynced) Update(objects);
        else Replace(objects.Values);
        _isSynced = true;
        _objects = objects;
    }

    private FileSystemWatcher? Watch(Action changed)
    {
        try
        {
            var watcher = new FileSystemWatcher(_path);
            watcher.Changed += (_, _) => changed();
            watcher.Created += (_, _) => changed();
            watcher.Deleted += (_, _) => changed();
            watcher.Renamed += (_, _) => changed();
            watcher.Error += (_, _) => changed();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception problem) when (problem is IOException or ArgumentException)
        {
            WatchFailed(_logger, _path, ScanPeriod.TotalSeconds, problem.Message);
            return null;
        }
    }

    /// <summary>Reads the files that are others than before; false where none is.</summary>
    private bool ReadFiles()
    {
        var isChanged = !_isSynced;
        HashSet<string> present;
        try
        {
            // Names with a dot in front are those of editors and of mounted ConfigMaps.
            present = [.. Directory.EnumerateFiles(_path).Where(static path => Path.GetExtension(path) is ".yaml" or ".yml" or ".json" && Path.GetFileName(path)[0] != '.')];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            FolderUnreadable(_logger, _path, problem.Message);
            return false;
        }
        foreach (var path in _files.Keys.Where(path => !present.Contains(path)).ToList())
        {
            _files.Remove(path);
            isChanged = true;
        }
        foreach (var path in present) isChanged |= ReadFile(path);
        return isChanged;
    }

    private bool ReadFile(string path)
    {
        if (!_files.TryGetValue(path, out var file)) _files.Add(path, file = new ManifestFile());
        try
        {
            var bytes = File.ReadAllBytes(path);
            var hash = SHA256.HashData(bytes);
            if (hash.AsSpan().SequenceEqual(file.Hash)) return false;
            file.Hash = hash;
            using var reader = new StreamReader(new MemoryStream(bytes));
            file.Objects = ManifestReader.Read(reader.ReadToEnd());
            file.IsNamed = false;
            file.Problem = null;
            return true;
        }
        catch (Exception problem) when (problem is FormatException or IOException or UnauthorizedAccessException)
        {
            if (problem.Message != file.Problem) FileUnreadable(_logger, path, problem.Message, file.Objects.Count);
            file.Problem = problem.Message;
            return false;
        }
    }

    private void Replace(IReadOnlyCollection<IKubernetesObject<V1ObjectMeta>> objects)
    {
        // Before the Services and their endpoints, what bears on all of them.
        _sink.Replace([.. objects.OfType<V1Node>()]);
        _sink.Replace([.. objects.OfType<V1ServiceCIDR>()]);
        _sink.Replace([.. objects.OfType<V1EndpointSlice>()]);
        _sink.Replace([.. objects.OfType<V1Service>()]);
    }

    private void Update(Dictionary<(Type, ObjectName), IKubernetesObject<V1ObjectMeta>> objects)
    {
        foreach (var (key, value) in objects)
        {
            if (_objects.TryGetValue(key, out var old) && ReferenceEquals(old, value)) continue;
            switch (value)
            {
                case V1Service service: _sink.Set(service); break;
                case V1EndpointSlice slice: _sink.Set(slice); break;
                case V1Node node: _sink.Set(node); break;
                case V1ServiceCIDR cidr: _sink.Set(cidr); break;
            }
        }
        foreach (var (key, value) in _objects)
        {
            if (objects.ContainsKey(key)) continue;
            switch (value)
            {
                case V1Service service: _sink.Remove(service); break;
                case V1EndpointSlice slice: _sink.Remove(slice); break;
                case V1Node node: _sink.Remove(node); break;
                case V1ServiceCIDR cidr: _sink.Remove(cidr); break;
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "{File}: {Problem}; its {Count} objects of before stay")]
    private static partial void FileUnreadable(ILogger logger, string file, string problem, int count);

    [LoggerMessage(LogLevel.Error, "{Folder} cannot be read: {Problem}; its objects stay")]
    private static partial void FolderUnreadable(ILogger logger, string folder, string problem);

    [LoggerMessage(LogLevel.Warning, "{File}: {Kind} {Name} is there twice, the first one counts")]
    private static partial void ObjectTwice(ILogger logger, string file, string kind, ObjectName name);

    [LoggerMessage(LogLevel.Warning, "{Folder} cannot be watched, it is read every {Seconds} s: {Problem}")]
    private static partial void WatchFailed(ILogger logger, string folder, double seconds, string problem);

    private sealed class ManifestFile
    {
        public byte[] Hash { get; set; } = [];

        public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects { get; set; } = [];

        /// <summary>What was wrong when it was last read.</summary>
        public string? Problem { get; set; }

        /// <summary>Whether objects of it that are elsewhere too have been named.</summary>
        public bool IsNamed { get; set; }
    }
}

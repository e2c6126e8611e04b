using System.Diagnostics;
using Weir.Bpf.Kernel;

namespace Weir.Bpf.Linux;

/// <summary>
/// A lock between processes: flock(2) on a file. The kernel gives it up when the holder ends, however it ends. The file may be removed
/// by whoever holds the lock, so the lock counts only while the file has a name. (File handles of .NET will not do: opening one takes a flock of its
/// own, and fails where another process holds the file.)
/// </summary>
public sealed unsafe class FileLock : IDisposable
{
    private const int SharedOperation = 1, Exclusive = 2, NonBlocking = 4;
    private const int ReadWrite = 2, CreateFile = 0x40, CloseOnExec = 0x80000;
    private const uint Mode = 0x180; // 0600

    private readonly Descriptor _file;
    private readonly string _path;

    private FileLock(Descriptor file, string path)
    {
        _file = file;
        _path = path;
    }

    /// <summary>Takes the lock, waiting at most <paramref name="limit"/> (null: as long as it takes); null if it was not to be had.</summary>
    /// <exception cref="BpfException">The file cannot be opened.</exception>
    public static FileLock? Take(string path, TimeSpan? limit) => Take(path, Exclusive, limit);

    /// <summary>The same, side by side with others that take it this way: it keeps out, and waits for, only those that take the lock for themselves.</summary>
    public static FileLock? TakeShared(string path, TimeSpan? limit) => Take(path, SharedOperation, limit);

    /// <summary>Removes the file and gives the lock up; who waits for it goes on with a new file.</summary>
    public void Remove()
    {
        File.Delete(_path);
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static FileLock? Take(string path, int operation, TimeSpan? limit)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var file = new Descriptor(Libc.Open(path, ReadWrite | CreateFile | CloseOnExec, Mode));
            if (file.IsInvalid) throw new BpfException($"open the lock '{path}'", Libc.LastError);
            if (!TryTake(file, operation, since, limit))
            {
                file.Dispose();
                return null;
            }
            if (HasName(file)) return new(file, path);
            file.Dispose();
        }
    }

    private static bool TryTake(Descriptor file, int operation, long since, TimeSpan? limit)
    {
        using var use = file.Use();
        while (Libc.Lock(use.Value, limit is null ? operation : operation | NonBlocking) != 0)
        {
            var errno = Libc.LastError;
            if (errno == Errno.EINTR) continue;
            if (errno != Errno.EAGAIN) throw new BpfException("lock a file", errno);
            var left = limit!.Value - Stopwatch.GetElapsedTime(since);
            if (left <= TimeSpan.Zero) return false;
            Thread.Sleep(left < TimeSpan.FromMilliseconds(5) ? left : TimeSpan.FromMilliseconds(5));
        }
        return true;
    }

    private static bool HasName(Descriptor file)
    {
        // struct statx: the number of links is the word at 16, on every architecture.
        const int emptyPath = 0x1000, links = 16;
        var status = stackalloc byte[256];
        using var use = file.Use();
        if (Libc.Status(use.Value, "", emptyPath, 4, status) != 0) throw new BpfException("look at a lock", Libc.LastError);
        return *(uint*)(status + links) != 0;
    }
}

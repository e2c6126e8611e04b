using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weir.Bpf.Linux;

/// <summary>
/// An exclusive lock between processes: flock(2) on a file. The kernel gives it up when the holder ends, however it ends. The file may be removed
/// by whoever holds the lock, so the lock counts only while the path still names the locked file.
/// </summary>
public sealed partial class FileLock : IDisposable
{
    private const int Exclusive = 2;
    private const int NonBlocking = 4;
    private const int Unlock = 8;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;

    private readonly SafeFileHandle _file;
    private readonly string _path;

    private FileLock(SafeFileHandle file, string path)
    {
        _file = file;
        _path = path;
    }

    /// <summary>Takes the lock, waiting at most <paramref name="limit"/> (null: as long as it takes); null if it was not to be had.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static FileLock? Take(string path, TimeSpan? limit)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            if (!TryTake(file, since, limit))
            {
                file.Dispose();
                return null;
            }
            if (IsStillAt(file, path)) return new(file, path);
            file.Dispose();
        }
    }

    /// <summary>Removes the file and gives the lock up; who waits for it goes on with a new file.</summary>
    public void Remove()
    {
        File.Delete(_path);
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_file.IsClosed) return;
        _ = Flock((int)_file.DangerousGetHandle(), Unlock);
        _file.Dispose();
    }

    private static bool TryTake(SafeFileHandle file, long since, TimeSpan? limit)
    {
        var descriptor = (int)file.DangerousGetHandle();
        while (Flock(descriptor, limit is null ? Exclusive : Exclusive | NonBlocking) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == Interrupted) continue;
            if (error != WouldBlock) throw new Win32Exception(error, $"flock: {Marshal.GetPInvokeErrorMessage(error)}");
            var left = limit!.Value - Stopwatch.GetElapsedTime(since);
            if (left <= TimeSpan.Zero) return false;
            Thread.Sleep(left < TimeSpan.FromMilliseconds(5) ? left : TimeSpan.FromMilliseconds(5));
        }
        return true;
    }

    private static bool IsStillAt(SafeFileHandle file, string path)
    {
        // The descriptor's link reads "path (deleted)" once the file is gone; a new file of the same name has another inode.
        var target = new FileInfo($"/proc/self/fd/{(int)file.DangerousGetHandle()}").LinkTarget;
        return target is not null && !target.EndsWith(" (deleted)", StringComparison.Ordinal) && File.Exists(path);
    }

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(int descriptor, int operation);
}

using System.Text;

namespace Weir.Bpf.Kernel;

/// <summary>Names of BPF objects in a bpffs, which keep them alive without a process.</summary>
public static unsafe class Pin
{
    private const long FileSystemMagic = 0xcafe4a11;

    /// <summary>True where the path is in a bpffs.</summary>
    public static bool IsFileSystem(string path)
    {
        var buffer = stackalloc long[64];
        return Libc.FileSystemStatus(path, buffer) == 0 && buffer[0] == FileSystemMagic;
    }

    /// <summary>Makes the folder and mounts a bpffs on it, where there is none. True if it was mounted now.</summary>
    public static bool EnsureFileSystem(string path)
    {
        Directory.CreateDirectory(path);
        if (IsFileSystem(path)) return false;
        if (Libc.Mount("bpf", path, "bpf", 0, null) != 0) throw new BpfException($"mount bpffs on '{path}'", Libc.LastError);
        return true;
    }

    /// <summary>Unmounts the bpffs; what only it kept alive is gone.</summary>
    public static void Unmount(string path)
    {
        if (Libc.Unmount(path, 0) != 0) throw new BpfException($"unmount '{path}'", Libc.LastError);
    }

    /// <summary>Removes a pin, where it exists.</summary>
    public static bool Remove(string path)
    {
        if (Libc.Unlink(path) == 0) return true;
        var errno = Libc.LastError;
        return errno == Errno.ENOENT ? false : throw new BpfException($"unpin '{path}'", errno);
    }

    internal static void Add(string path, Descriptor descriptor)
    {
        using var use = descriptor.Use();
        fixed (byte* name = Terminated(path))
        {
            var attribute = default(BpfAttribute);
            attribute.Pin = new() { Path = name, Object = use.Value };
            BpfCall.Do($"pin '{path}'", BpfCommand.ObjectPin, ref attribute);
        }
    }

    internal static Errno TryOpen(string path, out Descriptor descriptor)
    {
        fixed (byte* name = Terminated(path))
        {
            var attribute = default(BpfAttribute);
            attribute.Pin = new() { Path = name };
            return BpfCall.TryOpen(BpfCommand.ObjectGet, ref attribute, out descriptor);
        }
    }

    internal static Descriptor Open(string path)
    {
        var errno = TryOpen(path, out var descriptor);
        return errno == Errno.None ? descriptor : throw new BpfException($"open pin '{path}'", errno);
    }

    private static byte[] Terminated(string path) => Encoding.UTF8.GetBytes(path + "\0");
}

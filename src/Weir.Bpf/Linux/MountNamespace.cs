using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Weir.Bpf.Linux;

/// <summary>
/// The mount namespace that all commands of a host share. <c>ip netns exec</c> runs a command in a mount namespace of its own: what is mounted
/// there ends with the command, and what was mounted outside later is not seen. So state that lives in a mount is reached through
/// <c>/proc/1/root</c>, the first process's view, and mounted there.
/// </summary>
public static partial class MountNamespace
{
    private const int NewNamespace = 0x0002_0000;
    private const int OwnDirectories = 0x0000_0200;
    private const int Detach = 2;

    private static readonly Lazy<string> s_home = new(FindHome);

    /// <summary>The /proc folder of a process in the shared namespace, or the empty text where that is this process's own.</summary>
    private static string Home => s_home.Value;

    /// <summary>The path under which this process reaches a path of the shared namespace.</summary>
    public static string Reach(string path) => Home.Length == 0 ? path : $"{Home}/root{path}";

    /// <summary>Mounts a new bpf file system, for root only, in the shared namespace.</summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public static void MountBpf(string path) => Run("mount bpf", () => Mount("bpf", path, "bpf", 0, "mode=0700"));

    /// <summary>
    /// Unmounts in the shared namespace, also while files are in use, and removes the folder. (From a namespace that still has a copy of the mount the folder
    /// could not be removed.)
    /// </summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public static void Unmount(string path) => Run("umount", () => Unmount2(path, Detach) == 0 ? RemoveFolder(path) : -1);

    private static string FindHome()
    {
        var own = LinkOf("/proc/self");
        // Where the first process may not be looked into (it has more capabilities), a kernel thread has the same view. Then: the highest ancestor.
        foreach (var process in (string[])["/proc/1", "/proc/2"])
        {
            if (process == "/proc/2" && ReadComm(process) != "kthreadd") continue;
            if (LinkOf(process) is { } link) return link == own ? "" : process;
        }
        var home = "";
        for (var id = ParentOf("self"); id > 0; id = ParentOf(id.ToString(CultureInfo.InvariantCulture)))
        {
            if (LinkOf($"/proc/{id}") is { } link) home = link == own ? "" : $"/proc/{id}";
        }
        return home;
    }

    private static string? LinkOf(string process)
    {
        Span<byte> target = stackalloc byte[64];
        unsafe
        {
            fixed (byte* buffer = target)
            {
                var length = Readlink($"{process}/ns/mnt", buffer, target.Length);
                return length < 0 ? null : System.Text.Encoding.ASCII.GetString(target[..(int)length]);
            }
        }
    }

    private static string ReadComm(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/comm").TrimEnd();
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static int ParentOf(string process)
    {
        try
        {
            // The name in parentheses may hold blanks: the state and the parent follow its end.
            var text = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static void Run(string operation, Func<int> call)
    {
        if (Home.Length == 0)
        {
            Check(operation, call());
            return;
        }
        Exception? failure = null;
        // setns wants a thread that shares its folders with no other; the thread ends afterwards, so nothing else ever runs in that namespace.
        var thread = new Thread(() =>
        {
            try
            {
                using var other = File.OpenHandle($"{Home}/ns/mnt");
                Check("unshare", Unshare(OwnDirectories));
                Check("setns", SetNamespace((int)other.DangerousGetHandle(), NewNamespace));
                Check(operation, call());
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null) throw new Win32Exception((failure as Win32Exception)?.NativeErrorCode ?? 1, failure.Message);
    }

    private static void Check(string operation, int result)
    {
        if (result == 0) return;
        var error = Marshal.GetLastPInvokeError();
        throw new Win32Exception(error, $"{operation}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount2(string target, int flags);

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveFolder(string path);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int descriptor, int type);

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial long Readlink(string path, byte* buffer, long size);
}

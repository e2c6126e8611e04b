namespace Weir.Bpf.Kernel;

/// <summary>Where control groups are mounted.</summary>
public static class Cgroup
{
    /// <summary>Where the version 2 hierarchy is mounted (also beside version 1), or null.</summary>
    public static string? MountPoint => FindMountPoint(File.ReadLines("/proc/self/mounts"));

    internal static string? FindMountPoint(IEnumerable<string> mounts)
    {
        string? found = null;
        foreach (var line in mounts)
        {
            var fields = line.Split(' ');
            if (fields.Length < 3 || fields[2] != "cgroup2") continue;
            // Octal escapes stand for blanks, tabs and backslashes.
            var path = fields[1].Replace("\\040", " ").Replace("\\011", "\t").Replace("\\134", "\\");
            if (found == null || path == "/sys/fs/cgroup") found = path;
        }
        return found;
    }
}

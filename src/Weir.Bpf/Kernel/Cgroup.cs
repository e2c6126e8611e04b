namespace Weir.Bpf.Kernel;

/// <summary>Control groups.</summary>
public static unsafe class Cgroup
{
    /// <summary>
    /// The root of the version 2 hierarchy (of this process's cgroup namespace), or null where there is none to be had. It need not be mounted: what is opened is a
    /// mount without a place of its own (fsopen(2), Linux 5.2), because <c>ip netns exec</c> hides everything below /sys, and some systems mount only version 1.
    /// </summary>
    public static Descriptor? OpenRoot()
    {
        const nint fsopen = 430, fsconfig = 431, fsmount = 432;
        const nint closeOnExec = 1, create = 6;
        fixed (byte* name = "cgroup2"u8)
        {
            using var context = new Descriptor((int)Libc.SystemCall(fsopen, (nint)name, closeOnExec, null, null, 0));
            if (context.IsInvalid) return null;
            using var use = context.Use();
            if (Libc.SystemCall(fsconfig, use.Value, create, null, null, 0) != 0) return null;
            var root = new Descriptor((int)Libc.SystemCall(fsmount, use.Value, closeOnExec, null, null, 0));
            if (!root.IsInvalid) return root;
            root.Dispose();
            return null;
        }
    }
}

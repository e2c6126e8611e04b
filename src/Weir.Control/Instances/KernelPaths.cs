using System.Globalization;
using Weir.Bpf.Loading;
using Weir.DataPath;

namespace Weir.Control.Instances;

/// <summary>Where the running kernel keeps what programs read of it.</summary>
internal static class KernelPaths
{
    /// <summary>Who else may stop a packet that is forwarded; empty where the kernel does not tell where it keeps that.</summary>
    public static PassagePath Passage()
    {
        var path = new PassagePath
        {
            SkbDevice = Offset("sk_buff", "dev"),
            DeviceNet = Offset("net_device", "nd_net"),
            DeviceHandler = Offset("net_device", "rx_handler"),
            DeviceHooks = Offset("net_device", "nf_hooks_ingress"),
            DeviceTcx = Offset("net_device", "tcx_ingress"),
            MiniqFilters = Offset("mini_Qdisc", "filter_list"),
            FilterNext = Offset("tcf_proto", "next"),
            FirstHook = Offset("nf_hook_entries", "hooks"),
            NetHooks = Within("nf", "netns_nf", "hooks_ipv4"),
            NetPolicies = Within("xfrm", "netns_xfrm", "policy_count"),
            NetPolicyDefaults = Within("xfrm", "netns_xfrm", "policy_default"),
        };
        if (path.DeviceTcx == 0)
        {
            path.DeviceMiniq = Offset("net_device", "miniq_ingress");
        }
        else
        {
            path.EntryParent = Offset("bpf_mprog_entry", "parent");
            path.TcxBundle = Offset("tcx_entry", "bundle");
            path.TcxMiniq = Offset("tcx_entry", "miniq");
        }
        var isKnown = path is { SkbDevice: not 0, DeviceNet: not 0, DeviceHandler: not 0 } &&
            path is { DeviceMiniq: not 0 } or { DeviceTcx: not 0, EntryParent: not 0, TcxBundle: not 0 };
        return isKnown ? path : default;
    }

    /// <summary>The address of AppArmor's hook for what sockets send (security/apparmor/lsm.c); 0 where there is none or the kernel hides addresses.</summary>
    public static ulong SocketsHook()
    {
        const string enabled = "/sys/module/apparmor/parameters/enabled";
        if (!File.Exists(enabled) || File.ReadAllText(enabled).Trim() != "Y") return 0;
        foreach (var line in File.ReadLines("/proc/kallsyms"))
        {
            if (line.EndsWith(" apparmor_ip_postroute", StringComparison.Ordinal))
                return ulong.Parse(line.AsSpan(0, line.IndexOf(' ')), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
        return 0;
    }

    private static ushort Offset(string structName, string member) => (ushort)(KernelBtf.TryFindMember(structName, member) ?? 0);

    private static ushort Within(string part, string partName, string member) =>
        KernelBtf.TryFindMember("net", part) is { } start && KernelBtf.TryFindMember(partName, member) is { } offset ? (ushort)(start + offset) : (ushort)0;
}

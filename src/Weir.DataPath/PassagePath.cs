using System.Runtime.InteropServices;

namespace Weir.DataPath;

/// <summary>
/// The ways from a packet to whoever else may stop it between the two programs, as byte offsets in the running kernel's structs; 0 where the kernel has no such
/// member (or has it at the start), except for <see cref="SkbDevice"/>, without which nothing is known. 30 bytes.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct PassagePath
{
    /// <summary>sk_buff.dev; 0: the ways are not known.</summary>
    public ushort SkbDevice;

    /// <summary>net_device.nd_net.</summary>
    public ushort DeviceNet;

    /// <summary>net_device.rx_handler.</summary>
    public ushort DeviceHandler;

    /// <summary>net_device.nf_hooks_ingress.</summary>
    public ushort DeviceHooks;

    /// <summary>net_device.tcx_ingress (Linux 6.6).</summary>
    public ushort DeviceTcx;

    /// <summary>net_device.miniq_ingress (before Linux 6.6).</summary>
    public ushort DeviceMiniq;

    /// <summary>bpf_mprog_entry.parent.</summary>
    public ushort EntryParent;

    /// <summary>tcx_entry.bundle, which bpf_mprog_entry.parent points to.</summary>
    public ushort TcxBundle;

    /// <summary>tcx_entry.miniq.</summary>
    public ushort TcxMiniq;

    /// <summary>mini_Qdisc.filter_list.</summary>
    public ushort MiniqFilters;

    /// <summary>tcf_proto.next.</summary>
    public ushort FilterNext;

    /// <summary>net.nf.hooks_ipv4.</summary>
    public ushort NetHooks;

    /// <summary>net.xfrm.policy_count.</summary>
    public ushort NetPolicies;

    /// <summary>net.xfrm.policy_default.</summary>
    public ushort NetPolicyDefaults;

    /// <summary>nf_hook_entries.hooks.</summary>
    public ushort FirstHook;
}

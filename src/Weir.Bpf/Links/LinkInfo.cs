using System.Runtime.InteropServices;
using Weir.Bpf.Kernel;
using Weir.Bpf.Loading;

namespace Weir.Bpf.Links;

/// <summary>What the kernel says of a link (struct bpf_link_info).</summary>
/// <param name="Id">The link's id.</param>
/// <param name="Kind">The link's kind.</param>
/// <param name="ProgramId">The attached program's id.</param>
/// <param name="IfIndex">TCX and XDP: the device; 0 when it is gone or the link is detached.</param>
/// <param name="Attach">TCX and cgroup: where it is attached.</param>
/// <param name="CgroupId">Cgroup: the group's inode; 0 when it is gone.</param>
public sealed record LinkInfo(uint Id, LinkKind Kind, uint ProgramId, uint IfIndex, AttachKind? Attach, ulong CgroupId)
{
    internal static LinkInfo Read(Descriptor descriptor)
    {
        var info = BpfCall.Info<Raw>("get a link's information", descriptor);
        var kind = (LinkKind)info.Kind;
        return new LinkInfo(info.Id, kind, info.ProgramId,
            kind is LinkKind.Tcx or LinkKind.Xdp ? info.First : 0,
            kind == LinkKind.Tcx ? (AttachKind)info.Second : kind == LinkKind.Cgroup ? (AttachKind)info.Third : null,
            kind == LinkKind.Cgroup ? info.First | ((ulong)info.Second << 32) : 0);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Raw
    {
        public uint Kind, Id, ProgramId, Padding;
        public uint First, Second, Third, Fourth;
        private readonly ulong _rest0, _rest1;
    }
}

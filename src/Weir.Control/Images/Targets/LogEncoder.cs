using System.Runtime.InteropServices;
using System.Text;
using Weir.Bpf.Loading;
using Weir.DataPath.Image;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Control.Images.Targets;

/// <summary>LOG.</summary>
internal static unsafe class LogEncoder
{
    private static readonly Lazy<SocketOwnerPath> s_owner = new(FindOwner);

    public static void Encode(LogTarget target, ref RuleCell cell, ImageBuilder builder)
    {
        var log = new LogTargetCell { Level = target.Level, Flags = (LogFlags)target.Options };
        var bytes = Encoding.UTF8.GetBytes(target.Prefix);
        if (bytes.Length > LogTarget.MaxPrefixLength)
        {
            builder.Refuse(ChangeStatus.DoesNotFit, $"the prefix of LOG has more than {LogTarget.MaxPrefixLength} bytes");
            return;
        }
        bytes.CopyTo(new Span<byte>(log.Prefix, 30));
        if ((log.Flags & LogFlags.Uid) != 0) log.Owner = s_owner.Value;
        builder.NeedLinkHeaders();
        cell.Target = TargetKind.Log;
        cell.Argument = builder.Append(log);
    }

    private static SocketOwnerPath FindOwner()
    {
        ReadOnlySpan<(string Struct, string Member)> way =
        [
            ("sk_buff", "sk"), ("sock_common", "skc_state"), ("sock", "sk_socket"), ("socket", "file"), ("file", "f_cred"), ("cred", "fsuid"), ("cred", "fsgid"),
        ];
        Span<ushort> offsets = stackalloc ushort[way.Length];
        for (var i = 0; i < way.Length; i++)
        {
            if (KernelBtf.TryFindMember(way[i].Struct, way[i].Member) is not { } offset) return default;
            offsets[i] = (ushort)offset;
        }
        return MemoryMarshal.Read<SocketOwnerPath>(MemoryMarshal.AsBytes(offsets));
    }
}

using Weir.DataPath.Image;
using Weir.Model.Rules.Targets;
using ModelWith = Weir.Model.Rules.Targets.RejectWith;
using RejectWith = Weir.DataPath.Image.RejectWith;

namespace Weir.Control.Images.Targets;

/// <summary>REJECT.</summary>
internal static class RejectEncoder
{
    public static void Encode(RejectTarget target, ref RuleCell cell, ImageBuilder builder)
    {
        if (target.With == ModelWith.TcpReset && (cell.Protocol != 6 || (cell.Inverts & RuleInverts.Protocol) != 0))
        {
            builder.NotSupported("REJECT --reject-with tcp-reset is for rules with -p tcp");
            return;
        }
        cell.Target = TargetKind.Reject;
        cell.Argument = (uint)(target.With switch
        {
            ModelWith.IcmpNetUnreachable => RejectWith.IcmpNetUnreachable,
            ModelWith.IcmpHostUnreachable => RejectWith.IcmpHostUnreachable,
            ModelWith.IcmpProtoUnreachable => RejectWith.IcmpProtoUnreachable,
            ModelWith.IcmpPortUnreachable => RejectWith.IcmpPortUnreachable,
            ModelWith.IcmpNetProhibited => RejectWith.IcmpNetProhibited,
            ModelWith.IcmpHostProhibited => RejectWith.IcmpHostProhibited,
            ModelWith.TcpReset => RejectWith.TcpReset,
            _ => RejectWith.IcmpAdminProhibited,
        });
    }
}

using Weir.DataPath.Image;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Control.Images.Targets;

/// <summary>The list of target encoders.</summary>
internal static class TargetEncoders
{
    public static void Encode(Target? target, Table table, ChainPlan plan, ref RuleCell cell, ImageBuilder builder)
    {
        switch (target)
        {
            case null: cell.Target = TargetKind.Continue; break;
            case VerdictTarget verdict: VerdictEncoder.Encode(verdict, ref cell); break;
            case ChainTarget chain: ChainEncoder.Encode(chain, table, plan, ref cell, builder); break;
            case MarkTarget mark: MarkTargetEncoder.Encode(mark, ref cell); break;
            case RejectTarget reject: RejectEncoder.Encode(reject, ref cell, builder); break;
            case LogTarget log: LogEncoder.Encode(log, ref cell, builder); break;
            case DnatTarget dnat: NatEncoder.Encode(dnat, ref cell, builder); break;
            case SnatTarget snat: NatEncoder.Encode(snat, ref cell, builder); break;
            case MasqueradeTarget masquerade: NatEncoder.Encode(masquerade, ref cell, builder); break;
            case RedirectTarget redirect: NatEncoder.Encode(redirect, ref cell, builder); break;
            default: builder.NotSupported($"the target '{target.Name}' is not supported"); break;
        }
    }
}

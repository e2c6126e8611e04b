using Weir.DataPath.Image;
using Weir.Model.Rules.Targets;

namespace Weir.Control.Images.Targets;

/// <summary>ACCEPT, DROP and RETURN.</summary>
internal static class VerdictEncoder
{
    public static void Encode(VerdictTarget target, ref RuleCell cell) => cell.Target = target.Verdict switch
    {
        Verdict.Accept => TargetKind.Accept,
        Verdict.Drop => TargetKind.Drop,
        _ => TargetKind.Return,
    };
}

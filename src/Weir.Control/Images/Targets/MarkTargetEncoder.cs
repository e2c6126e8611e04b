using Weir.DataPath.Image;
using Weir.Model.Rules.Targets;

namespace Weir.Control.Images.Targets;

/// <summary>MARK.</summary>
internal static class MarkTargetEncoder
{
    public static void Encode(MarkTarget target, ref RuleCell cell)
    {
        cell.Target = TargetKind.Mark;
        cell.Argument = target.Mark;
        cell.Argument2 = target.Mask;
    }
}

using Weir.DataPath.Image;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Control.Images.Targets;

/// <summary>Jump and goto.</summary>
internal static class ChainEncoder
{
    public static void Encode(ChainTarget target, Table table, ChainPlan plan, ref RuleCell cell, ImageBuilder builder)
    {
        cell.Target = target.IsGoto ? TargetKind.Goto : TargetKind.Jump;
        cell.Argument = plan.StartOf(table, target.Chain);
        if (cell.Argument == 0) builder.Refuse(ChangeStatus.Failed, $"there is no chain '{target.Chain}' in table {table.Kind.Name()}");
    }
}

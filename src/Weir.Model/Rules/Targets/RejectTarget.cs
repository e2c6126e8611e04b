namespace Weir.Model.Rules.Targets;

/// <summary>REJECT: drop and answer.</summary>
public sealed record RejectTarget(RejectWith With) : Target
{
    /// <inheritdoc/>
    public override string Name => "REJECT";
}

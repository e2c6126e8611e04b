namespace Weir.Model.Rules.Targets;

/// <summary>ACCEPT, DROP or RETURN.</summary>
public sealed record VerdictTarget(Verdict Verdict) : Target
{
    /// <inheritdoc/>
    public override string Name => Verdict switch
    {
        Verdict.Accept => "ACCEPT",
        Verdict.Drop => "DROP",
        _ => "RETURN",
    };
}

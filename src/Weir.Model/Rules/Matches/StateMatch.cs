namespace Weir.Model.Rules.Matches;

/// <summary>state: the older form of conntrack's --ctstate.</summary>
public sealed record StateMatch(ConntrackStates States, bool Invert) : Match
{
    /// <inheritdoc/>
    public override string Name => "state";
}

using Weir.Model.Rules;

namespace Weir.Control.Images;

/// <summary>Why a rule set cannot become an image: nothing of it is applied then.</summary>
/// <param name="Status"><see cref="ChangeStatus.NotSupported"/> or <see cref="ChangeStatus.DoesNotFit"/>.</param>
/// <param name="Reason">One sentence without a final dot.</param>
public sealed record Refusal(ChangeStatus Status, string Reason)
{
    /// <summary>As the result of a change.</summary>
    public ChangeResult ToResult() => new(Status, Reason);
}

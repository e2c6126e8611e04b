using Weir.DataPath.Image;
using Weir.Model.Rules.Matches;
using ConntrackStates = Weir.DataPath.Image.ConntrackStates;
using ModelStates = Weir.Model.Rules.Matches.ConntrackStates;

namespace Weir.Control.Images.Matches;

/// <summary>state, and the states of conntrack.</summary>
internal static class StateEncoder
{
    public static void Encode(StateMatch match, MatchList matches)
    {
        matches.Builder.NeedTracking();
        matches.Add(new ConntrackMatchCell
        {
            Kind = MatchKind.Conntrack,
            Parts = ConntrackParts.State,
            Inverts = match.Invert ? ConntrackParts.State : ConntrackParts.None,
            States = StatesOf(match.States),
        });
    }

    public static ConntrackStates StatesOf(ModelStates states)
    {
        var result = ConntrackStates.None;
        if ((states & ModelStates.Invalid) != 0) result |= ConntrackStates.Invalid;
        if ((states & ModelStates.New) != 0) result |= ConntrackStates.New;
        if ((states & ModelStates.Established) != 0) result |= ConntrackStates.Established;
        if ((states & ModelStates.Related) != 0) result |= ConntrackStates.Related;
        if ((states & ModelStates.Untracked) != 0) result |= ConntrackStates.Untracked;
        if ((states & ModelStates.Snat) != 0) result |= ConntrackStates.SourceNat;
        if ((states & ModelStates.Dnat) != 0) result |= ConntrackStates.DestinationNat;
        return result;
    }
}

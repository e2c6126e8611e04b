using Weir.DataPath.Image;
using Weir.Model;
using Weir.Model.Rules.Matches;

namespace Weir.Control.Images.Matches;

/// <summary>conntrack: one cell for what is asked of the flow, one more for each address and each range of ports.</summary>
internal static class ConntrackEncoder
{
    public static void Encode(ConntrackMatch match, MatchList matches)
    {
        matches.Builder.NeedTracking();
        var cell = new ConntrackMatchCell { Kind = MatchKind.Conntrack };
        if (match.States is { } states)
        {
            Add(ref cell, ConntrackParts.State, match.Inverted.HasFlag(ConntrackInversions.States));
            cell.States = StateEncoder.StatesOf(states);
        }
        if (match.Protocol is { } protocol)
        {
            Add(ref cell, ConntrackParts.Protocol, match.Inverted.HasFlag(ConntrackInversions.Protocol));
            cell.Protocol = protocol;
        }
        if (match.Status is { } status)
        {
            Add(ref cell, ConntrackParts.Status, match.Inverted.HasFlag(ConntrackInversions.Status));
            cell.Statuses = (uint)status;
        }
        if (match.Expires is var (min, max))
        {
            Add(ref cell, ConntrackParts.Expires, match.Inverted.HasFlag(ConntrackInversions.Expires));
            (cell.ExpiresMin, cell.ExpiresMax) = (min, max);
        }
        if (match.IsReply is { } isReply)
        {
            Add(ref cell, ConntrackParts.Direction, false);
            cell.Direction = isReply ? (byte)1 : (byte)0;
        }
        if (cell.Parts != ConntrackParts.None) matches.Add(cell);

        Address(match.OriginalSource, ConntrackSide.OriginalSource, match.Inverted.HasFlag(ConntrackInversions.OriginalSource), matches);
        Address(match.OriginalDestination, ConntrackSide.OriginalDestination, match.Inverted.HasFlag(ConntrackInversions.OriginalDestination), matches);
        Address(match.ReplySource, ConntrackSide.ReplySource, match.Inverted.HasFlag(ConntrackInversions.ReplySource), matches);
        Address(match.ReplyDestination, ConntrackSide.ReplyDestination, match.Inverted.HasFlag(ConntrackInversions.ReplyDestination), matches);
        Ports(match.OriginalSourcePorts, ConntrackSide.OriginalSource, match.Inverted.HasFlag(ConntrackInversions.OriginalSourcePorts), matches);
        Ports(match.OriginalDestinationPorts, ConntrackSide.OriginalDestination, match.Inverted.HasFlag(ConntrackInversions.OriginalDestinationPorts), matches);
        Ports(match.ReplySourcePorts, ConntrackSide.ReplySource, match.Inverted.HasFlag(ConntrackInversions.ReplySourcePorts), matches);
        Ports(match.ReplyDestinationPorts, ConntrackSide.ReplyDestination, match.Inverted.HasFlag(ConntrackInversions.ReplyDestinationPorts), matches);
    }

    private static void Add(ref ConntrackMatchCell cell, ConntrackParts part, bool invert)
    {
        cell.Parts |= part;
        if (invert) cell.Inverts |= part;
    }

    private static void Address(AddressMask? range, ConntrackSide side, bool invert, MatchList matches)
    {
        if (range is not { } value) return;
        matches.Add(new ConntrackAddressMatchCell
        {
            Kind = MatchKind.ConntrackAddress,
            Side = side,
            Invert = invert ? (byte)1 : (byte)0,
            Address = NetworkOrder.Of(value.IsAny || value.Address.IsIPv4 ? Model.Address.FromIPv4(value.Address.IPv4 & value.Mask.IPv4) : value.Address),
            Mask = NetworkOrder.MaskOf(value.Mask),
        });
    }

    private static void Ports(PortRange? range, ConntrackSide side, bool invert, MatchList matches)
    {
        if (range is not { } value) return;
        matches.Add(new ConntrackPortMatchCell
        {
            Kind = MatchKind.ConntrackPort,
            Side = side,
            Invert = invert ? (byte)1 : (byte)0,
            Min = value.Min,
            Max = value.Max,
        });
    }
}

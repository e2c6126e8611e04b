using Weir.DataPath.Image;
using Weir.Model.Rules.Matches;

namespace Weir.Control.Images.Matches;

/// <summary>addrtype.</summary>
internal static class AddrtypeEncoder
{
    public static void Encode(AddrtypeMatch match, MatchList matches)
    {
        var flags = AddrTypeFlags.None;
        if (match.InvertSource) flags |= AddrTypeFlags.InvertSource;
        if (match.InvertDestination) flags |= AddrTypeFlags.InvertDestination;
        if (match.LimitInterfaceIn) flags |= AddrTypeFlags.LimitInInterface;
        if (match.LimitInterfaceOut) flags |= AddrTypeFlags.LimitOutInterface;
        matches.Builder.NeedAddressTypes();
        matches.Add(new AddrTypeMatchCell
        {
            Kind = MatchKind.AddrType,
            Flags = flags,
            SourceTypes = (ushort)match.Source,
            DestinationTypes = (ushort)match.Destination,
        });
    }
}

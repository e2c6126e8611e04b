using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>-m addrtype.</summary>
internal static unsafe class AddrTypeMatch
{
    public static MatchResult Evaluate(Packet* packet, AddrTypeMatchCell* cell)
    {
        var flags = cell->Flags;
        uint device = 0;
        if ((flags & AddrTypeFlags.LimitInInterface) != 0) device = packet->InIfIndex;
        else if ((flags & AddrTypeFlags.LimitOutInterface) != 0) device = packet->OutIfIndex;
        if (cell->SourceTypes != 0 && Has(cell->SourceTypes, packet->Source.Word3Be, device) == ((flags & AddrTypeFlags.InvertSource) != 0))
            return MatchResult.No;
        return Matches.Result(cell->DestinationTypes == 0 ||
            Has(cell->DestinationTypes, packet->Destination.Word3Be, device) != ((flags & AddrTypeFlags.InvertDestination) != 0));
    }

    private static bool Has(uint types, uint addressBe, uint device) => (types >> (int)Routing.TypeOf(addressBe, device) & 1) != 0;
}

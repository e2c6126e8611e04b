using System.Buffers.Binary;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>-m multiport.</summary>
internal static unsafe class MultiportMatch
{
    private const int MaxPorts = 15;

    public static MatchResult Evaluate(Packet* packet, MultiportMatchCell* cell)
    {
        if ((packet->Flags & PacketFlags.HasTransport) == 0)
            return (packet->Flags & PacketFlags.LaterFragment) != 0 ? MatchResult.No : MatchResult.HotDrop;
        uint source = BinaryPrimitives.ReverseEndianness(packet->SourcePortBe);
        uint destination = BinaryPrimitives.ReverseEndianness(packet->DestinationPortBe);
        // One side only: look at it twice.
        if (cell->Side == MultiportSide.Source) destination = source;
        else if (cell->Side == MultiportSide.Destination) source = destination;
        return Matches.Result(Contains(cell, source, destination) != (cell->Invert != 0));
    }

    private static bool Contains(MultiportMatchCell* cell, uint first, uint second)
    {
        uint count = cell->Count;
        uint ranges = cell->Ranges;
        for (var i = 0; i < MaxPorts; i++)
        {
            if (i >= count) return false;
            uint low = cell->Ports[i];
            var high = low;
            if ((ranges >> i & 1) != 0)
            {
                i++;
                if (i >= MaxPorts) return false;
                high = cell->Ports[i];
            }
            if ((first >= low && first <= high) || (second >= low && second <= high)) return true;
        }
        return false;
    }
}

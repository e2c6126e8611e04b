namespace Weir.DataPath.Flows;

/// <summary>Making tuples.</summary>
internal static unsafe class Tuples
{
    /// <summary>
    /// By ICMP query type, type of the answer plus one; 0: no query (echo 8/0, time stamp 13/14, information 15/16, address mask 17/18).
    /// </summary>
    public static byte AnswerType(byte type) => type switch
    {
        0 => 8,
        8 => 0,
        13 => 14,
        14 => 13,
        15 => 16,
        16 => 15,
        17 => 18,
        18 => 17,
        _ => 255,
    };

    /// <summary>The tuple of a packet as it is now.</summary>
    public static void Of(Packet* packet, FlowTuple* tuple)
    {
        tuple->Source = packet->Source;
        tuple->Destination = packet->Destination;
        if (packet->Protocol == Parse.Icmp)
        {
            tuple->SourcePortBe = packet->IcmpIdBe;
            tuple->DestinationPortBe = (ushort)(packet->IcmpType | packet->IcmpCode << 8);
        }
        else
        {
            tuple->SourcePortBe = packet->SourcePortBe;
            tuple->DestinationPortBe = packet->DestinationPortBe;
        }
        tuple->Protocol = packet->Protocol;
        tuple->Side = 0;
        tuple->Zero0 = 0;
    }

    /// <summary>The tuple of an answer.</summary>
    public static void Invert(FlowTuple* from, FlowTuple* to)
    {
        to->Source = from->Destination;
        to->Destination = from->Source;
        if (from->Protocol == Parse.Icmp)
        {
            to->SourcePortBe = from->SourcePortBe;
            to->DestinationPortBe = (ushort)(AnswerType((byte)from->DestinationPortBe) | (from->DestinationPortBe & 0xff00));
        }
        else
        {
            to->SourcePortBe = from->DestinationPortBe;
            to->DestinationPortBe = from->SourcePortBe;
        }
        to->Protocol = from->Protocol;
        to->Side = 0;
        to->Zero0 = 0;
    }

    /// <summary>As <see cref="Invert"/>, of a packet.</summary>
    public static void InvertOf(Packet* packet, FlowTuple* tuple)
    {
        tuple->Source = packet->Destination;
        tuple->Destination = packet->Source;
        if (packet->Protocol == Parse.Icmp)
        {
            tuple->SourcePortBe = packet->IcmpIdBe;
            tuple->DestinationPortBe = (ushort)(AnswerType(packet->IcmpType) | packet->IcmpCode << 8);
        }
        else
        {
            tuple->SourcePortBe = packet->DestinationPortBe;
            tuple->DestinationPortBe = packet->SourcePortBe;
        }
        tuple->Protocol = packet->Protocol;
        tuple->Side = 0;
        tuple->Zero0 = 0;
    }

    /// <summary>The original direction as it looks once its destination is translated, as key of <see cref="Maps.Replies"/>.</summary>
    public static void Translated(FlowTuple* original, Flow* flow, uint way, FlowTuple* to)
    {
        to->Source = original->Source;
        to->Destination = flow->Reply.Source;
        to->SourcePortBe = original->Protocol == Parse.Icmp ? flow->TranslatedIdBe : original->SourcePortBe;
        to->DestinationPortBe = original->Protocol == Parse.Icmp ? original->DestinationPortBe : flow->Reply.SourcePortBe;
        to->Protocol = original->Protocol;
        to->Side = (byte)(FlowTuple.Translated + way);
        to->Zero0 = 0;
    }

    public static bool Equal(FlowTuple* left, FlowTuple* right)
    {
        var a = (ulong*)left;
        var b = (ulong*)right;
        return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (a[4] ^ b[4])) == 0;
    }
}

using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Nat;

namespace Weir.DataPath.Rules;

/// <summary>
/// What becomes of REJECT's answers. They belong to the flow of the packet that they answer, as netfilter's do (nf_ct_attach): in state RELATED, in the
/// other direction, and translated like it. The flow itself may be gone with its packet, so the answer carries what it needs: the note, and in the control
/// block (which survives from the redirection to the egress program) the address that the packet had been sent to.
/// </summary>
public static unsafe class Answers
{
    /// <summary>Tells a control block of ours.</summary>
    private const uint Mark = 0x57454952;

    /// <summary>The note of the answer to a packet that REJECT met; a reset also closes the flow.</summary>
    public static uint NoteFor(SkBuff* skb, Packet* packet, uint with)
    {
        if (packet->State is not (TrackState.New or TrackState.Established or TrackState.Related)) return Note.Left;
        var status = packet->FlowStatus;
        var note = Note.Left | Note.Answer | (uint)TrackState.Related << Note.StateShift;
        if (packet->Direction == 0) note |= Note.Reply;
        if ((status & FlowStatus.DestinationNat) != 0) note |= Note.DestinationNat;
        if ((status & FlowStatus.SourceNat) != 0) note |= Note.SourceNat;
        if ((status & FlowStatus.Confirmed) == 0)
        {
            note |= Note.Pending;
            if (Rewrite.IsNeeded(packet, Rewrite.Destination)) Remember(skb, packet->Original.Destination.Word3Be, Port(packet, &packet->Original));
            return note;
        }
        var flow = FlowTable.Lookup(&packet->Original);
        if (flow == null) return Note.Left;
        if (Rewrite.IsNeeded(packet, Rewrite.Destination))
        {
            if (packet->Direction == 0) Remember(skb, packet->Original.Destination.Word3Be, Port(packet, &packet->Original));
            else Remember(skb, flow->Reply.Destination.Word3Be, Port(packet, &flow->Reply));
        }
        if (with == (uint)RejectWith.TcpReset) Close(packet, flow);
        return note;
    }

    /// <summary>Makes the packet's own description that of its answer.</summary>
    public static void TurnRound(Packet* packet)
    {
        var addressBe = packet->Source.Word3Be;
        packet->Source.Word3Be = packet->Destination.Word3Be;
        packet->Destination.Word3Be = addressBe;
        var portBe = packet->SourcePortBe;
        packet->SourcePortBe = packet->DestinationPortBe;
        packet->DestinationPortBe = portBe;
        packet->Mark = 0;
        // Where the route says nothing else: back to where it came from.
        packet->OutIfIndex = packet->Hook == Hook.Output ? Maps.Settings.Value->LoopbackIfIndex : packet->InIfIndex;
    }

    /// <summary>At egress: what the note says of an answer.</summary>
    public static void Recall(Packet* packet, uint note)
    {
        packet->Flags |= PacketFlags.Answer;
        packet->State = (TrackState)(note >> Note.StateShift & 7);
        packet->Direction = (note & Note.Reply) != 0 ? (byte)1 : (byte)0;
        if ((note & Note.DestinationNat) != 0) packet->FlowStatus |= FlowStatus.DestinationNat;
        if ((note & Note.SourceNat) != 0) packet->FlowStatus |= FlowStatus.SourceNat;
        if ((note & Note.Pending) == 0) packet->FlowStatus |= FlowStatus.Confirmed;
        if (packet->Direction != 0) Tuples.InvertOf(packet, &packet->Original);
        else Tuples.Of(packet, &packet->Original);
    }

    /// <summary>At egress: whether an answer carries the address and port that its packet had been sent to, which become the answer's source.</summary>
    public static bool Remembers(SkBuff* skb) => (skb->ControlBlock[0] ^ skb->ControlBlock[1] ^ Mark) == skb->ControlBlock[2];

    public static uint AddressBe(SkBuff* skb) => skb->ControlBlock[0];

    public static ushort PortBe(SkBuff* skb) => (ushort)skb->ControlBlock[1];

    private static void Remember(SkBuff* skb, uint addressBe, uint portBe)
    {
        skb->ControlBlock[0] = addressBe;
        skb->ControlBlock[1] = portBe;
        skb->ControlBlock[2] = addressBe ^ portBe ^ Mark;
    }

    private static uint Port(Packet* packet, FlowTuple* tuple) => packet->Protocol == Parse.Icmp ? tuple->SourcePortBe : tuple->DestinationPortBe;

    /// <summary>The connection is over for both sides (nf_conntrack_tcp_set_closing).</summary>
    private static void Close(Packet* packet, Flow* flow)
    {
        var timeouts = Timeouts.Settings();
        if (timeouts == null) return;
        flow->TcpState = TcpState.Close;
        ConnLimits.Leave(&packet->Original, flow);
        Timeouts.Touch(flow, Helpers.KtimeGetNs(), Timeouts.OfTcp(timeouts, (uint)TcpState.Close));
    }
}

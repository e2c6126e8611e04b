using System.Buffers.Binary;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>
/// Which rules of a chain may concern a packet: from each of the chain's trees one ordered list, merged while the chain is walked. The lists leave out only rules
/// whose conditions on <see cref="PacketField"/>s fail, so walking them is walking the chain.
/// </summary>
public static unsafe class Classifier
{
    private const int SearchSteps = 20;

    /// <summary>Finds the packet's lists and sets them at the first rule from <paramref name="position"/> on.</summary>
    /// <returns>That rule's cell; 0: the chain must be walked rule by rule (what has no transport header, and rules drop for that).</returns>
    [Subprogram(Global = true)]
    public static uint Locate(Packet* packet, uint classifier, uint position)
    {
        if (packet == null) return 0;
        if ((packet->Flags & PacketFlags.HasTransport) == 0 && (packet->Protocol == Parse.Icmp || Parse.HasPorts(packet->Protocol))) return 0;
        var scratch = Maps.Scratches.At(0);
        var image = Maps.Images.At(packet->ImageSlot);
        if (scratch == null || image == null) return 0;
        var head = (ClassifierCell*)image.At(classifier);
        if (head == null || head->Kind != CellKind.Classifier) return 0;
        ReadFields(packet, scratch, head->Names);
        var first = uint.MaxValue;
        for (var tree = 0; tree < ClassifierCell.Trees; tree++)
        {
            var reference = head->Roots[tree];
            var candidate = uint.MaxValue;
            if (reference != 0)
            {
                var list = (reference & ClassifierCell.List) != 0 ? reference & ~ClassifierCell.List : Descend(packet->ImageSlot, reference);
                if (list == 0) return 0;
                if (position != 0) list = Skip(packet->ImageSlot, list, position);
                scratch->Cursors[tree] = list;
                candidate = Read(image, list);
            }
            scratch->Candidates[tree] = candidate;
            if (candidate < first) first = candidate;
        }
        return first == uint.MaxValue ? 0 : first;
    }

    /// <summary>The next rule after one of the lists' that <see cref="Locate"/> found.</summary>
    /// <returns>Its cell; 0 where there is none (there always is: the chain's end).</returns>
    [Subprogram(Global = true)]
    public static uint Next(uint slot, uint cell)
    {
        var scratch = Maps.Scratches.At(0);
        var image = Maps.Images.At(slot);
        if (scratch == null || image == null) return 0;
        var first = uint.MaxValue;
        for (var tree = 0; tree < ClassifierCell.Trees; tree++)
        {
            var candidate = scratch->Candidates[tree];
            if (candidate == cell)
            {
                var list = scratch->Cursors[tree] + 1;
                scratch->Cursors[tree] = list;
                candidate = Read(image, list);
                scratch->Candidates[tree] = candidate;
            }
            if (candidate < first) first = candidate;
        }
        return first == uint.MaxValue ? 0 : first;
    }

    private static void ReadFields(Packet* packet, Scratch* scratch, byte names)
    {
        var fields = scratch->Fields;
        fields[(int)PacketField.Source] = BinaryPrimitives.ReverseEndianness(packet->Source.Word3Be);
        fields[(int)PacketField.Destination] = BinaryPrimitives.ReverseEndianness(packet->Destination.Word3Be);
        fields[(int)PacketField.DestinationPort] = BinaryPrimitives.ReverseEndianness(packet->DestinationPortBe);
        fields[(int)PacketField.SourcePort] = BinaryPrimitives.ReverseEndianness(packet->SourcePortBe);
        fields[(int)PacketField.Protocol] = packet->Protocol;
        fields[(int)PacketField.State] = packet->State == TrackState.None ? (uint)TrackState.Invalid : (uint)packet->State;
        fields[(int)PacketField.Mark] = packet->Mark;
        fields[(int)PacketField.Icmp] = (uint)packet->IcmpType << 8 | packet->IcmpCode;
        if (names == 0) return;
        ReadName(packet->InIfIndex, fields + (int)PacketField.InName);
        ReadName(packet->OutIfIndex, fields + (int)PacketField.OutName);
    }

    /// <summary>No device, and one that is not known, has a name that no rule names.</summary>
    private static void ReadName(uint ifIndex, uint* words)
    {
        var device = ifIndex == 0 ? null : Maps.Devices.Lookup(&ifIndex);
        var name = device == null ? null : (uint*)device->Name;
        for (var i = 0; i < 4; i++) words[i] = name == null ? 0 : BinaryPrimitives.ReverseEndianness(name[i]);
    }

    /// <summary>From a split to a list: its place; 0: the image is damaged.</summary>
    [Subprogram(Global = true)]
    public static uint Descend(uint slot, uint reference)
    {
        var scratch = Maps.Scratches.At(0);
        var image = Maps.Images.At(slot);
        if (scratch == null || image == null) return 0;
        for (var depth = 0; depth <= ClassifierCell.MaxDepth; depth++)
        {
            if ((reference & ClassifierCell.List) != 0) return reference & ~ClassifierCell.List;
            var split = (SplitCell*)image.At(reference);
            if (split == null || split->Kind != CellKind.Split) return 0;
            var value = scratch->Fields[(uint)split->Field & 15];
            uint child;
            if (value >= split->Bounds[3])
            {
                if (value >= split->Bounds[5]) child = value >= split->Bounds[6] ? 7u : 6;
                else child = value >= split->Bounds[4] ? 5u : 4;
            }
            else
            {
                if (value >= split->Bounds[1]) child = value >= split->Bounds[2] ? 3u : 2;
                else child = value >= split->Bounds[0] ? 1u : 0;
            }
            reference = split->Next[child];
        }
        return 0;
    }

    /// <summary>The first place in a list whose number is not below another.</summary>
    [Subprogram(Global = true)]
    public static uint Skip(uint slot, uint list, uint position)
    {
        var image = Maps.Images.At(slot);
        if (image == null) return list;
        var count = Read(image, list - 1);
        for (var step = 0; step < SearchSteps; step++)
        {
            if (count == 0) break;
            var half = count >> 1;
            if (Read(image, list + half) < position)
            {
                list += half + 1;
                count -= half + 1;
            }
            else
            {
                count = half;
            }
        }
        return list;
    }

    private static uint Read(ArrayMap<Cell> image, uint place)
    {
        var cell = (CandidatesCell*)image.At(place >> 4);
        return cell == null ? uint.MaxValue : cell->Cells[place & 15];
    }
}

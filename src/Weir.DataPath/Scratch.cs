using System.Runtime.InteropServices;
using Weir.DataPath.Flows;

namespace Weir.DataPath;

/// <summary>Working memory of a program run: value of <see cref="Maps.Scratches"/>. Contents do not outlive the run.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Scratch
{
    /// <summary>Most chains that a walk may be inside of.</summary>
    public const int Depth = 32;

    /// <summary>Eight-byte words of a <see cref="Flow"/>.</summary>
    public const int FlowWords = 28 + 2 * Flows.Verdict.Words;

    /// <summary>The longest ICMP error (RFC 4443, 3.1: 1280 bytes), and room to clear what follows up to a whole word.</summary>
    public const int AnswerSize = 1280 + 8;

    /// <summary>The flow that the packet makes, as long as it is not in the table: a <see cref="Flow"/> (not named here because it holds a timer, which a map of this kind may not).</summary>
    public fixed ulong Pending[FlowWords];

    /// <summary>Where walks return to.</summary>
    public fixed uint Returns[Depth];

    /// <summary>The classifiers of the chains that walks return to; 0: none.</summary>
    public fixed uint ReturnClassifiers[Depth];

    /// <summary>What the packet's flow remembers: a <see cref="Flows.Verdict"/>.</summary>
    public fixed ulong Verdict[Flows.Verdict.Words];

    /// <summary>Counter slots of the rules and policies that counted the packet since a walk was watched, and how many there were.</summary>
    public fixed uint Path[Flows.Verdict.MostSlots];
    public uint PathCount;
    public uint Reserved0;

    /// <summary>The packet as classifiers see it, by <see cref="Image.PacketField"/>.</summary>
    public fixed uint Fields[16];

    /// <summary>The places in the lists of the chain that is walked, and the cells that they name.</summary>
    public fixed uint Cursors[Image.ClassifierCell.Trees];
    public fixed uint Candidates[Image.ClassifierCell.Trees];

    /// <summary>A key under construction.</summary>
    public FlowTuple Key;

    /// <summary>The other one.</summary>
    public FlowTuple OtherKey;

    /// <summary>Bytes of an answer under construction (see <see cref="Rules.Reject"/>), or on their way into a checksum.</summary>
    public fixed byte Answer[AnswerSize];
}

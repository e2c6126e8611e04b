using System.Runtime.InteropServices;

namespace Weir.DataPath;

/// <summary>What the data path had to do against its will, a copy for each processor.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Stats
{
    public ulong FlowsCreated;
    public ulong FlowsExpired;

    /// <summary>Embryonic flows that had to make way.</summary>
    public ulong FlowsEvicted;

    /// <summary>Packets dropped because the flow table was full.</summary>
    public ulong FlowsFull;

    /// <summary>Packets dropped because no free port was found for a translation.</summary>
    public ulong NoPort;
    public ulong InvalidPackets;
    public ulong MalformedDropped;

    /// <summary>Later fragments dropped because the first was not seen.</summary>
    public ulong FragmentsUnknown;
    public ulong LogsLost;

    /// <summary>Packets dropped because a chain was longer or deeper than can be walked.</summary>
    public ulong WalkOverruns;
    public ulong ServiceNoServer;
    public ulong RewriteFailed;

    /// <summary>Rejected packets that could not be turned into their answers.</summary>
    public ulong AnswersFailed;

    /// <summary>Packets that XDP sent on.</summary>
    public ulong SentByXdp;
}

using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.DataPath.Services;

/// <summary>Which server a persistent client has. 48 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Template
{
    public Timer Timer;
    public uint ServiceSlot;
    public uint ServerSlot;

    /// <summary>CLOCK_MONOTONIC nanoseconds.</summary>
    public ulong Expires;

    /// <summary>Flows that were made from it; it does not end before them.</summary>
    public int Flows;
    public uint TimeoutSeconds;

    /// <summary>1: one of its flows was established (IP_VS_CTPL_S_ASSURED), which is what listings show.</summary>
    public uint Assured;
    public uint Reserved0;
}

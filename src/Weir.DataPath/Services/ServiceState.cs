using System.Runtime.InteropServices;

namespace Weir.DataPath.Services;

/// <summary>What changes as a service works. Counters are atomic.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ServiceState
{
    public ulong Connections;
    public ulong InPackets;
    public ulong OutPackets;
    public ulong InBytes;
    public ulong OutBytes;

    /// <summary>
    /// rr, wrr: where the scheduler stands: low half the server slot of the last choice (0: before the list's head), high half wrr's current weight. One
    /// word, so that compare-and-exchange moves it.
    /// </summary>
    public ulong Position;

    /// <summary>The <see cref="Service.Generation"/> that the position belongs to.</summary>
    public uint Generation;
    public uint Reserved0;
}

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

    /// <summary>rr, wrr: where the scheduler stands, see <see cref="SchedulerPosition"/>; 0: at the list's head.</summary>
    public ulong Position;

    /// <summary>When it was last counted in, see <see cref="Estimates"/>.</summary>
    public uint Tick;
    public uint Reserved0;

    /// <summary>Whose slot this is, or was while connections still refer to it: the same service finds its servers again (ip_vs's trash).</summary>
    public ServiceKey Key;
}

using System.Runtime.InteropServices;

namespace Weir.DataPath.Services;

/// <summary>A real server of a service: element of <see cref="Maps.Servers"/>; slot 0 is none. Counts are atomic.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Server
{
    public IpAddress Address;
    public ushort PortBe;
    public ForwardingMethod Method;
    public ServerFlags Flags;
    public uint ServiceSlot;

    /// <summary>0: quiesced.</summary>
    public int Weight;
    public int Active;
    public int Inactive;
    public int Persistent;

    /// <summary>-x: at this many connections it is overloaded; 0: never.</summary>
    public uint UpperThreshold;

    /// <summary>-y: below this it takes connections again.</summary>
    public uint LowerThreshold;

    /// <summary>1: overloaded.</summary>
    public uint Overloaded;

    /// <summary>When it was last counted in, see <see cref="Estimates"/>.</summary>
    public uint Tick;
    public ulong Connections;
    public ulong InPackets;
    public ulong OutPackets;
    public ulong InBytes;
    public ulong OutBytes;
}

/// <summary>How packets reach a server (IP_VS_CONN_F_…), same numbers.</summary>
public enum ForwardingMethod : byte
{
    Masquerading = 0,
    LocalNode = 1,
    Tunnel = 2,
    DirectRoute = 3,
}

/// <summary>Flags of a server.</summary>
[Flags]
public enum ServerFlags : byte
{
    None = 0,

    /// <summary>The slot is a server of a service now; without it flows that name it drop their packets.</summary>
    Available = 1 << 0,

    /// <summary>Flows end when their next packet finds the slot taken away (net.ipv4.vs.expire_nodest_conn), instead of waiting for it to be back.</summary>
    EndsFlows = 1 << 1,

    /// <summary>It leaves as soon as its connections have ended: persistent clients get another one (net.ipv4.vs.expire_quiescent_template).</summary>
    Leaving = 1 << 2,
}

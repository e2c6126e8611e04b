using System.Runtime.InteropServices;

namespace Weir.DataPath.Flows;

/// <summary>What connlimit counts by: key of <see cref="Maps.ConnLimits"/>. 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ConnLimitKey
{
    /// <summary>Masked.</summary>
    public IpAddress Address;
    public uint StateSlot;
    public uint Zero0;
}

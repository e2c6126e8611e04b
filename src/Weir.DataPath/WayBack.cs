using System.Runtime.InteropServices;

namespace Weir.DataPath;

/// <summary>That the way back to a source is by the device that its packet came in by (<see cref="Routing.LeadsBack"/>): value of <see cref="Maps.WaysBack"/>. 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct WayBack
{
    /// <summary>When it was asked, as <see cref="Passage"/> counts time.</summary>
    public ulong Period;
    public uint SourceBe;
    public uint DestinationBe;
    public uint InIfIndex;
    public uint TypeOfService;
}

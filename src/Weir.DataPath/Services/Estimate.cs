using System.Runtime.InteropServices;

namespace Weir.DataPath.Services;

/// <summary>What `ipvsadm --rate` shows of a service or a server: value of <see cref="Maps.Estimates"/>. 80 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Estimate
{
    /// <summary>What had been counted when the present tick began.</summary>
    public Traffic Last;

    /// <summary>Moving averages of what a tick counts, in parts of 1024.</summary>
    public Traffic Average;
}

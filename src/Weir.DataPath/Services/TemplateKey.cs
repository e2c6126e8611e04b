using System.Runtime.InteropServices;

namespace Weir.DataPath.Services;

/// <summary>A persistent client of a service: key of <see cref="Maps.Templates"/>. 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TemplateKey
{
    /// <summary>Masked.</summary>
    public IpAddress Client;
    public IpAddress Virtual;

    /// <summary>0 for services of every port and of marks.</summary>
    public ushort VirtualPortBe;
    public byte Protocol;
    public byte Zero0;
    public uint Mark;
}

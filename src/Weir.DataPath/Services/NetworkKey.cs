using System.Runtime.InteropServices;

namespace Weir.DataPath.Services;

/// <summary>A prefix of addresses that means something: key of <see cref="Maps.Networks"/>. 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct NetworkKey
{
    /// <summary>Bits of <see cref="Realm"/> and <see cref="Address"/> that count: 32 and those of the prefix (of an IPv4 prefix 96 more).</summary>
    public uint PrefixLength;

    /// <summary>What it means something to, see <see cref="Networks"/>.</summary>
    public uint Realm;
    public IpAddress Address;
}

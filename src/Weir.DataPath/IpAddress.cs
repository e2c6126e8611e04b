using System.Runtime.InteropServices;

namespace Weir.DataPath;

/// <summary>An IPv4 or IPv6 address in network byte order; IPv4 is held IPv4-mapped (RFC 4291, 2.5.5.2), so that keys serve both families.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct IpAddress
{
    /// <summary>The second-last word of an IPv4-mapped address: the bytes 00 00 ff ff.</summary>
    public const uint MappedBe = 0xffff0000;

    public uint Word0Be;
    public uint Word1Be;
    public uint Word2Be;

    /// <summary>The last word: the IPv4 address.</summary>
    public uint Word3Be;

    /// <summary>Whether it is an IPv4 address.</summary>
    public static unsafe bool IsIPv4(IpAddress* address) => (address->Word0Be | address->Word1Be) == 0 && address->Word2Be == MappedBe;

    public static unsafe bool AreEqual(IpAddress* left, IpAddress* right) =>
        ((left->Word0Be ^ right->Word0Be) | (left->Word1Be ^ right->Word1Be) | (left->Word2Be ^ right->Word2Be) | (left->Word3Be ^ right->Word3Be)) == 0;
}

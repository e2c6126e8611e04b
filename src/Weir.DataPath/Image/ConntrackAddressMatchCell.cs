using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-m conntrack --ctorigsrc and its kin.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct ConntrackAddressMatchCell
{
    [FieldOffset(0)] public MatchKind Kind;
    [FieldOffset(1)] public byte Invert;
    [FieldOffset(2)] public ConntrackSide Side;

    /// <summary>Masked; IPv4 mapped.</summary>
    [FieldOffset(16)] public IpAddress Address;

    /// <summary>IPv4: ones in the first three words.</summary>
    [FieldOffset(32)] public IpAddress Mask;
}

/// <summary>An end of a flow.</summary>
public enum ConntrackSide : byte
{
    OriginalSource = 0,
    OriginalDestination = 1,
    ReplySource = 2,
    ReplyDestination = 3,
}

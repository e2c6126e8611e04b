using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-m tcp, udp or icmp where the rule cell's own place is taken. Fields as in <see cref="RuleCell"/>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct TransportMatchCell
{
    [FieldOffset(0)] public MatchKind Kind;
    [FieldOffset(2)] public RuleInverts Inverts;
    [FieldOffset(4)] public RuleFlags Flags;
    [FieldOffset(6)] public byte TcpFlagsMask;
    [FieldOffset(7)] public byte TcpFlagsCompare;
    [FieldOffset(24)] public ushort SourcePortMin;
    [FieldOffset(26)] public ushort SourcePortMax;
    [FieldOffset(28)] public ushort DestinationPortMin;
    [FieldOffset(30)] public ushort DestinationPortMax;
    [FieldOffset(32)] public byte IcmpType;
    [FieldOffset(33)] public byte IcmpCodeMin;
    [FieldOffset(34)] public byte IcmpCodeMax;
    [FieldOffset(35)] public byte TcpOption;
}

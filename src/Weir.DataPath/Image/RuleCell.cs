using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>
/// A rule for IPv4, with what most rules need; the rest is in extension cells. The next rule of the chain is the next cell. Ports are in host byte
/// order.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct RuleCell
{
    [FieldOffset(0)] public CellKind Kind;

    /// <summary>0: any.</summary>
    [FieldOffset(1)] public byte Protocol;
    [FieldOffset(2)] public RuleInverts Inverts;
    [FieldOffset(4)] public RuleFlags Flags;
    [FieldOffset(6)] public byte TcpFlagsMask;
    [FieldOffset(7)] public byte TcpFlagsCompare;

    /// <summary>Masked.</summary>
    [FieldOffset(8)] public uint SourceBe;
    [FieldOffset(12)] public uint SourceMaskBe;

    /// <summary>Masked.</summary>
    [FieldOffset(16)] public uint DestinationBe;
    [FieldOffset(20)] public uint DestinationMaskBe;

    /// <summary>Inclusive; looked at where <see cref="RuleFlags.Ports"/> is set.</summary>
    [FieldOffset(24)] public ushort SourcePortMin;
    [FieldOffset(26)] public ushort SourcePortMax;
    [FieldOffset(28)] public ushort DestinationPortMin;
    [FieldOffset(30)] public ushort DestinationPortMax;

    /// <summary>255: any type (as ipt_icmp). Looked at where <see cref="RuleFlags.Icmp"/> is set.</summary>
    [FieldOffset(32)] public byte IcmpType;
    [FieldOffset(33)] public byte IcmpCodeMin;
    [FieldOffset(34)] public byte IcmpCodeMax;

    /// <summary>0: none; otherwise a TCP option that must (not) be there.</summary>
    [FieldOffset(35)] public byte TcpOption;

    /// <summary>An <see cref="InterfaceCell"/>, or 0.</summary>
    [FieldOffset(36)] public uint InterfaceCell;

    /// <summary>The first of the match cells, which are contiguous and in the order of the rule.</summary>
    [FieldOffset(40)] public uint MatchCell;
    [FieldOffset(44)] public ushort MatchCount;
    [FieldOffset(46)] public TargetKind Target;
    [FieldOffset(47)] public byte Reserved0;

    /// <summary>By <see cref="TargetKind"/>: a cell, a mark, a kind of reject.</summary>
    [FieldOffset(48)] public uint Argument;

    /// <summary>MARK: the mask.</summary>
    [FieldOffset(52)] public uint Argument2;

    /// <summary>Index into <see cref="Maps.Counters"/>: chunk * 4096 + index.</summary>
    [FieldOffset(56)] public uint CounterSlot;
    [FieldOffset(60)] public uint Reserved1;
}

/// <summary>Parts of a rule whose sense is turned round.</summary>
[Flags]
public enum RuleInverts : ushort
{
    None = 0,
    Source = 1 << 0,
    Destination = 1 << 1,
    Protocol = 1 << 2,
    InInterface = 1 << 3,
    OutInterface = 1 << 4,
    Fragment = 1 << 5,
    SourcePorts = 1 << 6,
    DestinationPorts = 1 << 7,
    TcpFlags = 1 << 8,
    TcpOption = 1 << 9,
    Icmp = 1 << 10,
}

/// <summary>Parts that a rule has.</summary>
[Flags]
public enum RuleFlags : ushort
{
    None = 0,

    /// <summary>Only later fragments (-f).</summary>
    Fragment = 1 << 0,

    /// <summary>-m tcp or -m udp: port ranges (0:65535 where not given), and for tcp flags and option. The protocol must be set.</summary>
    Ports = 1 << 1,

    /// <summary>-m tcp with flags.</summary>
    TcpFlags = 1 << 2,

    /// <summary>-m icmp.</summary>
    Icmp = 1 << 3,
}

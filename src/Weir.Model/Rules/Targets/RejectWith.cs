namespace Weir.Model.Rules.Targets;

/// <summary>How REJECT answers.</summary>
public enum RejectWith : byte
{
    /// <summary>ICMP type 3 code 0.</summary>
    IcmpNetUnreachable,

    /// <summary>ICMP type 3 code 1.</summary>
    IcmpHostUnreachable,

    /// <summary>ICMP type 3 code 2.</summary>
    IcmpProtoUnreachable,

    /// <summary>ICMP type 3 code 3; the default.</summary>
    IcmpPortUnreachable,

    /// <summary>ICMP type 3 code 9.</summary>
    IcmpNetProhibited,

    /// <summary>ICMP type 3 code 10.</summary>
    IcmpHostProhibited,

    /// <summary>A TCP segment with RST (only for rules with -p tcp).</summary>
    TcpReset,

    /// <summary>ICMP type 3 code 13.</summary>
    IcmpAdminProhibited,
}

namespace Weir.DataPath.Image;

/// <summary>What REJECT answers, in the order of enum ipt_reject_with.</summary>
public enum RejectWith : byte
{
    IcmpNetUnreachable = 0,
    IcmpHostUnreachable = 1,
    IcmpProtoUnreachable = 2,
    IcmpPortUnreachable = 3,
    IcmpEchoReply = 4,
    IcmpNetProhibited = 5,
    IcmpHostProhibited = 6,
    TcpReset = 7,
    IcmpAdminProhibited = 8,
}

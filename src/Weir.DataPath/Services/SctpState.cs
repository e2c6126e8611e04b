namespace Weir.DataPath.Services;

/// <summary>The state of a service's SCTP association (IP_VS_SCTP_S_…), with the kernel's numbers.</summary>
public enum SctpState : byte
{
    None = 0,
    Init1 = 1,
    Init = 2,
    CookieSent = 3,
    CookieReplied = 4,
    CookieWait = 5,
    Cookie = 6,
    CookieEchoed = 7,
    Established = 8,
    ShutdownSent = 9,
    ShutdownReceived = 10,
    ShutdownAckSent = 11,
    Rejected = 12,
    Closed = 13,
}

namespace Weir.DataPath.Services;

/// <summary>A service flow's state (IP_VS_TCP_S_…; for UDP 0, for SCTP a <see cref="SctpState"/>), with the kernel's numbers. Names in listings are these, in capitals.</summary>
public enum IpvsState : byte
{
    None = 0,
    Established = 1,
    SynSent = 2,
    SynReceived = 3,
    FinWait = 4,
    TimeWait = 5,
    Close = 6,
    CloseWait = 7,
    LastAck = 8,
    Listen = 9,
    SynAck = 10,
}

namespace Weir.Model.Rules.Targets;

/// <summary>What LOG writes beyond the usual; the bits are the kernel's (XT_LOG_*), and LOG prints them as a number.</summary>
[Flags]
public enum LogOptions : byte
{
    None = 0,
    TcpSequence = 1,
    TcpOptions = 2,
    IpOptions = 4,
    Uid = 8,
    MacDecode = 32,
}

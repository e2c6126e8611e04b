namespace Weir.Model.Rules.Matches;

/// <summary>Status bits of a connection; the kernel's (IPS_*).</summary>
[Flags]
public enum ConntrackStatus : ushort
{
    None = 0,
    Expected = 1,
    SeenReply = 2,
    Assured = 4,
    Confirmed = 8,
}

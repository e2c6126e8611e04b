namespace Weir.Model;

/// <summary>Flags of a virtual service; the values are Linux's IP_VS_SVC_F_* (linux/ip_vs.h).</summary>
[Flags]
public enum ServiceFlags
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>A client stays with its server.</summary>
    Persistent = 1,

    /// <summary>Each packet is scheduled on its own.</summary>
    OnePacket = 4,

    /// <summary>flag-1: sh-fallback and mh-fallback (an unavailable server's clients go to another).</summary>
    Scheduler1 = 8,

    /// <summary>flag-2: sh-port and mh-port (the source port is hashed too).</summary>
    Scheduler2 = 16,

    /// <summary>flag-3: no scheduler of ours gives it a meaning.</summary>
    Scheduler3 = 32,
}

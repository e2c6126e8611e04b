namespace Weir.Model;

/// <summary>The two kinds of connection synchronization daemons; the values are Linux's IP_VS_STATE_*.</summary>
public enum SyncRole
{
    /// <summary>Sends connections to others.</summary>
    Master = 1,

    /// <summary>Receives connections of others.</summary>
    Backup = 2,
}

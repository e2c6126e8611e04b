namespace Weir.Model.Proxying;

/// <summary>What becomes of a client that no server is there for.</summary>
public enum NoServerAction : byte
{
    /// <summary>It is told so: ICMP port unreachable.</summary>
    Reject = 0,

    /// <summary>Nothing is answered: there are servers on other nodes.</summary>
    Drop = 1,
}

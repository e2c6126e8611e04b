namespace Weir.Model;

/// <summary>One entry of the connection table that belongs to a virtual service, persistence templates included.</summary>
public sealed record ConnectionEntry
{
    /// <summary>The transport protocol, or null for a template of a service by mark ("IP" in listings).</summary>
    public ServiceProtocol? Protocol { get; init; }

    /// <summary>Seconds until the entry expires.</summary>
    public required uint Expires { get; init; }

    /// <summary>The state as listings name it: ESTABLISHED, TIME_WAIT, UDP, ASSURED, ...</summary>
    public required string State { get; init; }

    /// <summary>The client's address and port (port 0 in a template).</summary>
    public required ServerKey Client { get; init; }

    /// <summary>The virtual address and port.</summary>
    public required ServerKey Virtual { get; init; }

    /// <summary>The real server's address and port.</summary>
    public required ServerKey Destination { get; init; }

    /// <summary>The persistence engine's name, or empty.</summary>
    public string PersistenceEngine { get; init; } = "";

    /// <summary>The persistence engine's data (a SIP call id), or empty.</summary>
    public string PersistenceData { get; init; } = "";
}

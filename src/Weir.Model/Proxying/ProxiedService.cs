namespace Weir.Model.Proxying;

/// <summary>A virtual service as a Service proxy wants it: complete, with its servers and with what becomes of its clients.</summary>
public sealed record ProxiedService
{
    /// <summary>Key, scheduler, persistence.</summary>
    public required VirtualService Service { get; init; }

    /// <summary>The servers; those of the same service that are not named here leave it (see <see cref="IProxyStore.Apply"/>).</summary>
    public ValueList<RealServer> Servers { get; init; }

    /// <summary>
    /// The servers of near clients (pods of this node and the node itself) where they are others than <see cref="Servers"/>: those of a service from
    /// outside whose traffic policy is Local. Listings do not show them.
    /// </summary>
    public ValueList<RealServer>? NearServers { get; init; }

    /// <summary>Whose source is translated to an address of this node. A client that is its own server's always is.</summary>
    public SourceTranslation Masquerade { get; init; }

    /// <summary>What becomes of a client where none of <see cref="Servers"/> takes connections; near clients whose <see cref="NearServers"/> do not are refused.</summary>
    public NoServerAction NoServer { get; init; }

    /// <summary>The clients that may come in, near ones too; all where it is empty. Others are dropped, also where there is no server.</summary>
    public ValueList<AddressMask> Sources { get; init; }
}

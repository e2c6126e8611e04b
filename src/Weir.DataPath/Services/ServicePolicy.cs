namespace Weir.DataPath.Services;

/// <summary>What is different for a service of a Service proxy.</summary>
[Flags]
public enum ServicePolicy : ushort
{
    None = 0,

    /// <summary>A Service proxy's: a client that is its own server is translated.</summary>
    Proxied = 1 << 0,

    /// <summary>Near clients have servers of their own: those of the service with the same key and <see cref="ServiceKey.Near"/>.</summary>
    HasNear = 1 << 1,
}

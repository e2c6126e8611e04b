namespace Weir.Ipvs;

/// <summary>What the columns of a listing of services are.</summary>
internal enum ListFormat
{
    Plain,
    Stats,
    Rate,
    Thresholds,
    PersistentConnections,
    TunnelInfo,
}

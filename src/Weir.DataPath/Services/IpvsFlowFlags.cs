namespace Weir.DataPath.Services;

/// <summary>What IPVS keeps about a flow besides its state.</summary>
[Flags]
public enum IpvsFlowFlags : uint
{
    None = 0,

    /// <summary>The flow is in its server's count of inactive connections, otherwise in that of the active ones (IP_VS_CONN_F_INACTIVE).</summary>
    Inactive = 1 << 0,

    /// <summary>No reply was seen, and with direct routing none will be (IP_VS_CONN_F_NOOUTPUT): states follow the client alone.</summary>
    NoOutput = 1 << 1,

    /// <summary>Made from a persistence template, which lives as long as the flow.</summary>
    Controlled = 1 << 2,

    /// <summary>The template is for every port.</summary>
    TemplateAnyPort = 1 << 3,

    /// <summary>The flow is counted by its server.</summary>
    Bound = 1 << 4,
}

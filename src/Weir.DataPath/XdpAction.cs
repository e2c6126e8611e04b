namespace Weir.DataPath;

/// <summary>What an XDP program returns (enum xdp_action), besides the result of a redirection.</summary>
public static class XdpAction
{
    /// <summary>XDP_DROP.</summary>
    public const int Drop = 1;

    /// <summary>XDP_PASS: up, to TC and the stack.</summary>
    public const int Pass = 2;

    /// <summary>XDP_REDIRECT.</summary>
    public const int Redirect = 4;
}

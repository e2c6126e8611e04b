namespace Weir.DataPath;

/// <summary>Types of ICMPv6 (RFC 4443).</summary>
internal static class Icmp6Type
{
    public const byte Unreachable = 1;
    public const byte TooBig = 2;
    public const byte TimeExceeded = 3;
    public const byte ParameterProblem = 4;
    public const byte EchoRequest = 128;
    public const byte EchoReply = 129;
}

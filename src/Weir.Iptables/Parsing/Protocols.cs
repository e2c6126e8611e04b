using Weir.Iptables.Names;

namespace Weir.Iptables.Parsing;

/// <summary>IP protocols by name and number; some names are known without /etc/protocols.</summary>
internal static class Protocols
{
    public const byte Icmp = 1;
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte Dccp = 33;
    public const byte Sctp = 132;
    public const byte UdpLite = 136;

    private static readonly (string Name, byte Number)[] Known =
    [
        ("tcp", Tcp), ("sctp", Sctp), ("udp", Udp), ("udplite", UdpLite), ("icmp", Icmp), ("ipv6-icmp", 58), ("icmpv6", 58), ("esp", 50),
        ("ah", 51),
        ("mobility-header", 135), ("ipv6-mh", 135), ("mh", 135), ("all", 0),
    ];

    /// <summary>The number of a name or number.</summary>
    public static byte Parse(string text, INames names)
    {
        if (CNumber.TryParse(text, 0u, byte.MaxValue, out uint number)) return (byte)number;
        foreach (var (name, known) in Known)
        {
            if (name == text) return known;
        }
        return names.ProtocolOf(text) ?? throw CommandException.Parameter($"unknown protocol \"{text}\" specified");
    }

    /// <summary>The name of a number; <paramref name="names"/> null: only the known ones.</summary>
    public static string? Name(byte number, INames? names)
    {
        foreach (var (name, known) in Known)
        {
            if (known == number) return name;
        }
        return number == 0 ? null : names?.ProtocolName(number);
    }
}

using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Compatibility;

/// <summary>A row of the compatibility table: rules, and packets with what must become of them.</summary>
/// <param name="Section">The table's section.</param>
/// <param name="Name">What the row is about, as a user writes it.</param>
/// <param name="Commands">Arguments of iptables, one command an element.</param>
/// <param name="Steps">Packets in their order.</param>
internal sealed record Feature(string Section, string Name, string[] Commands, params Step[] Steps);

/// <summary>One packet into the router, and what must come out of it.</summary>
/// <param name="Left">From the left (10.1.0.0/24), else from the right (10.2.0.0/24).</param>
/// <param name="Segment">Transport segment.</param>
/// <param name="Outcome">A description: <c>pass</c>, <c>drop</c>, or what must be in one of the frames that come out.</param>
internal sealed record Step(bool Left, uint Source, uint Destination, byte Protocol, byte[] Segment, string Outcome)
{
    public byte TypeOfService { get; init; }

    /// <summary>Whether what came out is what must come out.</summary>
    public bool Holds(IReadOnlyList<(bool Left, byte[] Frame)> arrived) => Outcome switch
    {
        "drop" => arrived.Count == 0,
        "pass" => arrived.Count == 1 && arrived[0].Left != Left && Frame.Source(arrived[0].Frame) == Source && Frame.Destination(arrived[0].Frame) == Destination
            && !Frame.Describe(arrived[0].Frame).Contains("BAD", StringComparison.Ordinal),
        _ => arrived.Any(a => Describe(a).Contains(Outcome, StringComparison.Ordinal)),
    };

    /// <summary>Side, addresses, ports or ICMP type and code, TCP flags: <c>right 10.1.0.2:1000 > 10.2.0.2:80 tcp S</c>, <c>left 10.1.0.1 > 10.1.0.2 icmp 3/3</c>.</summary>
    public static string Describe((bool Left, byte[] Frame) arrived)
    {
        var (left, frame) = arrived;
        if (!Frame.IsIPv4(frame)) return "not IPv4";
        var segment = Frame.Segment(frame);
        var (source, destination) = (Frame.Address(Frame.Source(frame)), Frame.Address(Frame.Destination(frame)));
        var side = left ? "left" : "right";
        var bad = Frame.Describe(frame).Contains("BAD", StringComparison.Ordinal) ? " bad checksum" : "";
        var rest = Frame.Protocol(frame) switch
        {
            6 => $"{source}:{segment[0] << 8 | segment[1]} > {destination}:{segment[2] << 8 | segment[3]} tcp {Flags(segment[13])}",
            17 => $"{source}:{segment[0] << 8 | segment[1]} > {destination}:{segment[2] << 8 | segment[3]} udp",
            1 => $"{source} > {destination} icmp {segment[0]}/{segment[1]}",
            _ => $"{source} > {destination} {Frame.Protocol(frame)}",
        };
        return $"{side} {rest}{bad};";
    }

    private static string Flags(byte flags)
    {
        var text = "";
        foreach (var (bit, letter) in new[] { (Frame.Syn, "S"), (Frame.Fin, "F"), (Frame.Rst, "R"), (Frame.Psh, "P"), (Frame.Ack, "A"), (Frame.Urg, "U") })
        {
            if ((flags & bit) != 0) text += letter;
        }
        return text;
    }
}

using System.Text;
using Weir.Iptables.Parsing;
using Weir.Model;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Extensions.Targets;

/// <summary>What the NAT targets share: reading and writing [address[-address]][:port[-port[/port]]] and the flags.</summary>
internal readonly record struct NatRange(AddressRange? Addresses, PortRange? Ports, ushort? BasePort)
{
    /// <summary>Reads addresses and ports.</summary>
    public static NatRange Parse(OptionCall call)
    {
        var text = call.Argument;
        var family = call.Rule.Family;
        var start = 0;
        int colon;
        var addressEnd = text.Length;
        var bracket = text.IndexOf('[');
        if (bracket < 0)
        {
            // One colon is port information; more are an IPv6 address.
            colon = text.IndexOf(':');
            if (colon >= 0 && text.IndexOf(':', colon + 1) >= 0) colon = -1;
        }
        else
        {
            start = bracket + 1;
            addressEnd = text.IndexOf(']', start);
            if (addressEnd < 0 || family == AddressFamily.IPv4) throw CommandException.Parameter("Invalid address format");
            colon = text.IndexOf(':', addressEnd + 1);
        }
        PortRange? ports = null;
        ushort? basePort = null;
        if (colon >= 0)
        {
            (ports, basePort) = ParsePorts(call, text[(colon + 1)..]);
            if (colon == 0 || colon == 2) return new NatRange(null, ports, basePort);
            if (bracket < 0) addressEnd = colon;
        }
        var addresses = text[start..addressEnd];
        var dash = addresses.IndexOf('-');
        var min = ParseAddress(dash < 0 ? addresses : addresses[..dash], family);
        var max = dash < 0 ? min : ParseAddress(addresses[(dash + 1)..], family);
        return new NatRange(new AddressRange(min, max), ports, basePort);
    }

    /// <summary>Reads ports alone (--to-ports).</summary>
    public static (PortRange Ports, ushort? BasePort) ParsePorts(OptionCall call, string text)
    {
        if (call.Rule.Protocol is not (Protocols.Tcp or Protocols.Udp or Protocols.Sctp or Protocols.Dccp or Protocols.Icmp))
            throw CommandException.Parameter("Need TCP, UDP, SCTP or DCCP with port specification");
        if (!CNumber.TryParse(text, 0, 0, ushort.MaxValue, out var low, out var end))
        {
            var known = call.Names.PortOf(text, null) ?? throw CommandException.Parameter($"Port `{text}' not valid");
            return (new PortRange(known, known), null);
        }
        if (end == text.Length) return (new PortRange((ushort)low, (ushort)low), null);
        if (text[end] == ':') throw CommandException.Parameter("Invalid port:port syntax - use dash");
        if (text[end] != '-') throw CommandException.Parameter($"Garbage after port value: `{text[end..]}'");
        var rest = text[(end + 1)..];
        if (!CNumber.TryParse(rest, 0, 0, ushort.MaxValue, out var high, out end))
            throw CommandException.Parameter($"Port `{rest}' not valid");
        if (high < low) throw CommandException.Parameter($"Port range `{rest}' funky");
        var ports = new PortRange((ushort)low, (ushort)high);
        if (end == rest.Length) return (ports, null);
        if (rest[end] != '/') throw CommandException.Parameter($"Garbage after port range: `{rest[end..]}'");
        rest = rest[(end + 1)..];
        if (CNumber.TryParse(rest, 0, 1, ushort.MaxValue, out var basePort, out _)) return (ports, (ushort)basePort);
        return (ports, call.Names.PortOf(rest, null) ?? throw CommandException.Parameter($"Port `{rest}' not valid"));
    }

    private static Address ParseAddress(string text, AddressFamily family)
        => Address.TryParse(text, out var address) && address.Family == family ? address
        : throw CommandException.Parameter($"Bad IP address \"{text}\"");

    /// <summary>
    /// Writes the range after <paramref name="option"/> (nothing when it says nothing) and the flags after their prefix. Ports alone have a
    /// colon unless the option is for ports.
    /// </summary>
    public void Write(StringBuilder output, string option, string flagPrefix, NatOptions flags, bool colon = true)
    {
        if (Addresses is not null || Ports is not null) output.Append(' ').Append(option);
        if (Addresses is { } addresses)
        {
            var brackets = !addresses.Min.IsIPv4 && Ports is not null;
            output.Append(brackets ? "[" : "").Append(addresses.Min);
            if (addresses.Max != addresses.Min) output.Append('-').Append(addresses.Max);
            output.Append(brackets ? "]:" : Ports is not null ? ":" : "");
        }
        else if (Ports is not null && colon)
        {
            output.Append(':');
        }
        if (Ports is { } ports)
        {
            output.Append(ports.Min);
            if (ports.Max != ports.Min) output.Append('-').Append(ports.Max);
            if (BasePort is { } port) output.Append('/').Append(port);
        }
        if ((flags & NatOptions.Random) != 0) output.Append(' ').Append(flagPrefix).Append("random");
        if ((flags & NatOptions.RandomFully) != 0) output.Append(' ').Append(flagPrefix).Append("random-fully");
        if ((flags & NatOptions.Persistent) != 0) output.Append(' ').Append(flagPrefix).Append("persistent");
    }

    /// <summary>Writes the fields of the stored form.</summary>
    public void Encode(FieldWriter fields, NatOptions flags)
    {
        fields.Number((ulong)flags).Flag(Addresses is not null);
        if (Addresses is { } addresses) fields.Address(addresses.Min).Address(addresses.Max);
        fields.Ports(Ports).Flag(BasePort is not null);
        if (BasePort is { } port) fields.Number(port);
    }

    /// <summary>Reads them.</summary>
    public static NatRange Decode(ref FieldReader fields, out NatOptions flags)
    {
        flags = (NatOptions)fields.Number8();
        return new NatRange(
            fields.Flag() ? new AddressRange(fields.Address(), fields.Address()) : null,
            fields.OptionalPorts(),
            fields.Flag() ? fields.Number16() : null);
    }

    /// <summary>DNAT alone can shift ports; the others refuse it as the original does for old kernels.</summary>
    public static void RefuseBasePort(ushort? basePort)
    {
        if (basePort is not null) throw CommandException.Parameter("Shifted portmap ranges not supported with this kernel");
    }
}

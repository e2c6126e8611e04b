using System.Text;
using Weir.Model;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>What the matches on ports share: how ports are listed and saved.</summary>
internal static class Ports
{
    /// <summary>A port by name where the listing has names.</summary>
    public static string Name(ushort port, string? protocol, ListContext context)
        => (context.Numeric ? null : context.Names.ServiceOf(port, protocol)) ?? port.ToString();

    /// <summary>" dpt:80", " dpts:!80:90"; nothing for all ports.</summary>
    public static void List(string name, PortRange ports, bool invert, string protocol, ListContext context)
    {
        if (ports.IsAll && !invert) return;
        context.Output.Append(' ').Append(name).Append(ports.Min == ports.Max ? ":" : "s:").Append(invert ? "!" : "")
            .Append(Name(ports.Min, protocol, context));
        if (ports.Min != ports.Max) context.Output.Append(':').Append(Name(ports.Max, protocol, context));
    }

    /// <summary>" --dport 80", " ! --dport 80:90"; nothing for all ports, even when inverted.</summary>
    public static void Save(string option, PortRange ports, bool invert, StringBuilder output)
    {
        if (ports.IsAll) return;
        output.Append(invert ? " ! " : " ").Append(option).Append(' ').Append(ports.Min);
        if (ports.Min != ports.Max) output.Append(':').Append(ports.Max);
    }
}

using System.Text;
using Weir.Iptables.Extensions;
using Weir.Iptables.Names;
using Weir.Iptables.Parsing;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Printing;

/// <summary>Rules as commands: -S and iptables-save.</summary>
internal static class RuleSave
{
    /// <summary>ACCEPT or DROP.</summary>
    public static string PolicyName(Policy policy) => policy == Policy.Accept ? "ACCEPT" : "DROP";

    /// <summary>A rule's line; counters before it (iptables-save -c), within it (-S -v), or not.</summary>
    public static void Line(StringBuilder output, string chain, Rule rule, CounterPlace counters, INames names)
    {
        if (counters == CounterPlace.Before)
            output.Append('[').Append(rule.Counters.Packets).Append(':').Append(rule.Counters.Bytes).Append("] ");
        output.Append("-A ").Append(chain);
        Host(output, " -s ", rule.Source, rule.InvertSource);
        Host(output, " -d ", rule.Destination, rule.InvertDestination);
        Device(output, " -i ", rule.InInterface, rule.InvertInInterface);
        Device(output, " -o ", rule.OutInterface, rule.InvertOutInterface);
        if (rule.Protocol != 0)
        {
            output.Append(rule.InvertProtocol ? " ! -p " : " -p ");
            if (Protocols.Name(rule.Protocol, names) is { } name) output.Append(name);
            else output.Append(rule.Protocol);
        }
        if (rule.Fragment) output.Append(rule.InvertFragment ? " ! -f" : " -f");
        foreach (var match in rule.Matches)
        {
            output.Append(" -m ").Append(match.Name);
            ExtensionList.Of(match).Save(match, output);
        }
        if (counters == CounterPlace.Within) output.Append(" -c ").Append(rule.Counters.Packets).Append(' ').Append(rule.Counters.Bytes);
        if (rule.Target is ChainTarget { IsGoto: true }) output.Append(" -g ").Append(rule.Target.Name);
        else if (rule.Target is not null) output.Append(" -j ").Append(rule.Target.Name);
        if (rule.Target is not (null or ChainTarget or VerdictTarget)) ExtensionList.Of(rule.Target).Save(rule.Target, output);
        output.Append('\n');
    }

    private static void Host(StringBuilder output, string option, Weir.Model.AddressMask host, bool invert)
    {
        if (host.IsAny && !invert) return;
        output.Append(invert ? " !" : "").Append(option).Append(AddressText.Saved(host));
    }

    private static void Device(StringBuilder output, string option, InterfacePattern device, bool invert)
    {
        // A + alone matches every device, and the original leaves it away, inverted or not.
        if (device.Name.Length == 0) return;
        output.Append(invert ? " !" : "").Append(option).Append(device.Text);
    }
}

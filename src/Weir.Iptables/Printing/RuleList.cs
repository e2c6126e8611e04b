using System.Text;
using Weir.Iptables.Extensions;
using Weir.Iptables.Names;
using Weir.Iptables.Parsing;
using Weir.Model;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Printing;

/// <summary>The listing of -L, and the line that -v shows of a rule being changed.</summary>
internal sealed class RuleList(StringBuilder output, ListFormat format, INames names)
{
    private readonly bool _numeric = (format & ListFormat.Numeric) != 0;
    private readonly bool _counters = (format & ListFormat.Counters) != 0;
    private readonly bool _devices = (format & ListFormat.Devices) != 0;
    private readonly bool _inLine = (format & ListFormat.InLine) != 0;
    private readonly bool _numbers = (format & ListFormat.LineNumbers) != 0;
    private readonly bool _exact = (format & ListFormat.Exact) != 0;

    /// <summary>The two lines above a chain's rules.</summary>
    public void Header(Chain chain, int references)
    {
        output.Append("Chain ").Append(chain.Name);
        if (chain.IsBuiltIn)
        {
            output.Append(" (policy ").Append(RuleSave.PolicyName(chain.Policy));
            if (_counters)
            {
                output.Append(' ');
                Counter(chain.Counters.Packets, false);
                output.Append("packets, ");
                Counter(chain.Counters.Bytes, false);
                output.Append("bytes");
            }
            output.Append(")\n");
        }
        else
        {
            output.Append(" (").Append(references).Append(" references)\n");
        }
        if (_numbers) output.Append("num  ");
        if (_counters) output.Append(_exact ? "    pkts      bytes " : " pkts bytes ");
        output.Append("target     prot opt");
        if (_devices) output.Append(" in     out   ");
        if (_devices) output.Append(' ');
        output.Append(" source               destination         \n");
    }

    /// <summary>A rule's line.</summary>
    public void Line(Rule rule, int number)
    {
        if (_numbers) Padded(number.ToString(), 5);
        if (_counters)
        {
            Counter(rule.Counters.Packets, true);
            Counter(rule.Counters.Bytes, true);
        }
        Column(rule.Target?.Name ?? "", 10);
        output.Append(rule.InvertProtocol ? '!' : ' ');
        var protocol = _numeric && !_inLine ? null : Protocols.Name(rule.Protocol, _numeric ? null : names);
        Column(protocol ?? rule.Protocol.ToString(), 5);
        if (_inLine) output.Append("opt ");
        output.Append(rule.InvertFragment ? '!' : '-').Append(rule.Fragment ? 'f' : '-').Append(' ');
        if (_devices)
        {
            output.Append(_inLine ? "in " : " ");
            Column(Device(rule.InInterface, rule.InvertInInterface), 7);
            if (_inLine) output.Append("out ");
            Column(Device(rule.OutInterface, rule.InvertOutInterface), 7);
        }
        output.Append(rule.InvertSource ? '!' : ' ');
        Column(Host(rule.Source), 20);
        output.Append(rule.InvertDestination ? '!' : ' ');
        if (_inLine) output.Append("-> ").Append(Host(rule.Destination)).Append("  ");
        else Padded(Host(rule.Destination), 20);
        if (rule.Target is ChainTarget { IsGoto: true }) output.Append("[goto] ");
        var context = new ListContext(output, rule, _numeric, names);
        foreach (var match in rule.Matches) ExtensionList.Of(match).List(match, context);
        if (rule.Target is not (null or ChainTarget or VerdictTarget)) ExtensionList.Of(rule.Target).List(rule.Target, context);
        output.Append('\n');
    }

    private string Device(InterfacePattern device, bool invert)
        => (invert ? "!" : "") + (device.IsAny ? _numeric ? "*" : "any" : device.Text);

    private string Host(AddressMask host)
    {
        var isAny = host.Family == AddressFamily.IPv4 ? host.IsAny : host.Address == Address.AnyIPv6;
        return isAny && !_numeric ? "anywhere" : AddressText.WithMask(host, _numeric ? null : names);
    }

    private void Column(string text, int width)
    {
        if (_inLine) output.Append(text).Append(' ');
        else Padded(text, width);
    }

    /// <summary>Padded to one less than the width, then a blank: printf's %-9s and a blank.</summary>
    private void Padded(string text, int width)
    {
        output.Append(text).Append(' ', Math.Max(width - 1 - Encoding.UTF8.GetByteCount(text), 0)).Append(' ');
    }

    private void Counter(ulong value, bool padded)
    {
        if (_exact)
        {
            output.Append(padded ? $"{value,8} " : $"{value} ");
            return;
        }
        if (value <= 99999)
        {
            output.Append(padded ? $"{value,5} " : $"{value} ");
            return;
        }
        foreach (var unit in "KMGT")
        {
            value = (value + 500) / 1000;
            if (value > 9999 && unit != 'T') continue;
            output.Append(padded ? $"{value,4}{unit} " : $"{value}{unit} ");
            return;
        }
    }
}

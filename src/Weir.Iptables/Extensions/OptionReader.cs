using System.Text;
using Weir.Iptables.Names;
using Weir.Iptables.Parsing;
using Weir.Model;

namespace Weir.Iptables.Extensions;

/// <summary>Reads options' arguments by their types and checks how options go together, with the texts of libxtables.</summary>
internal static class OptionReader
{
    private static readonly Dictionary<string, uint> SyslogLevels = new()
    {
        ["alert"] = 1,
        ["crit"] = 2,
        ["debug"] = 7,
        ["emerg"] = 0,
        ["error"] = 3,
        ["info"] = 6,
        ["notice"] = 5,
        ["panic"] = 0,
        ["warning"] = 4,
    };

    /// <summary>Reads the argument into the call.</summary>
    public static void Read(OptionCall call)
    {
        var option = call.Option;
        if (option.Type == OptionType.Raw) return;
        if ((call.Used & 1u << option.Id) != 0) throw Error(call, "can only be used once.");
        if (call.Invert && !option.Invertible) throw Error(call, "cannot be inverted.");
        switch (option.Type)
        {
            case OptionType.Text:
                ReadText(call);
                break;
            case OptionType.Number:
                var max = option.Max == 0 ? uint.MaxValue : (uint)option.Max;
                if (!CNumber.TryParse(call.Argument, (uint)option.Min, max, out uint number))
                    throw Line($"{call.Extension.Name}: bad value for option \"--{option.Name}\", or out of range ({option.Min}-{max}).");
                call.Number = number;
                break;
            case OptionType.Real:
                ReadReal(call);
                break;
            case OptionType.NumberRange:
                ReadNumberRange(call);
                break;
            case OptionType.MarkMask:
                ReadMark(call);
                break;
            case OptionType.SyslogLevel:
                if (CNumber.TryParse(call.Argument, 0u, 7u, out uint level)) call.Number = level;
                else if (SyslogLevels.TryGetValue(call.Argument, out level)) call.Number = level;
                else throw Line($"log level \"{call.Argument}\" unknown");
                break;
            case OptionType.HostMask:
                ReadHost(call);
                break;
            case OptionType.Protocol:
                call.Number = Protocols.Parse(call.Argument, call.Names);
                break;
            case OptionType.PortRange:
                ReadPorts(call);
                break;
            case OptionType.PrefixMask:
                call.Host = new(default, ReadPrefixMask(call, call.Argument));
                break;
        }
    }

    /// <summary>Checks the options given against each other.</summary>
    public static void CheckTogether(Extension extension, uint used)
    {
        foreach (var option in extension.Options)
        {
            var given = (used & 1u << option.Id) != 0;
            if (option.Mandatory && !given) throw Line($"{extension.Name}: option \"--{option.Name}\" must be specified");
            if (!given || (option.Requires | option.Excludes) == 0) continue;
            for (var id = 0; id < 32; id++)
            {
                if (id == option.Id || Array.Find(extension.Options, candidate => candidate.Id == id) is not { } other) continue;
                var bit = 1u << id;
                if ((option.Requires & bit) != 0 && (used & bit) == 0)
                    throw Line($"{extension.Name}: option \"--{option.Name}\" also requires \"--{other.Name}\".");
                if ((option.Excludes & bit) != 0 && (used & bit) != 0)
                    throw Line($"{extension.Name}: option \"--{option.Name}\" cannot be used together with \"--{other.Name}\".");
            }
        }
    }

    private static void ReadText(OptionCall call)
    {
        var length = (ulong)Encoding.UTF8.GetByteCount(call.Argument);
        if (length < call.Option.Min) throw Line($"Argument must have a minimum length of {call.Option.Min} characters");
        if (call.Option.Max != 0 && length > call.Option.Max)
            throw Line($"Argument must have a maximum length of {call.Option.Max} characters");
    }

    private static void ReadReal(OptionCall call)
    {
        if (!double.TryParse(call.Argument.TrimStart(' ', '\t', '\n', '\v', '\f', '\r'), System.Globalization.NumberStyles.Float,
            System.Globalization.CultureInfo.InvariantCulture, out var real)
            || !(real >= call.Option.Min && real <= call.Option.Max) || CNumber.IsSpace(call.Argument[^1]))
            throw Bad(call, $", or out of range ({call.Option.Min}-{call.Option.Max}).");
        call.Real = real;
    }

    private static void ReadNumberRange(OptionCall call)
    {
        var text = call.Argument;
        Span<uint> values = stackalloc uint[2];
        var count = 0;
        for (var at = 0; ;)
        {
            if (count == 2) throw Line($"{call.Extension.Name}: Too many components for option \"--{call.Option.Name}\" (max: 2)");
            var end = at;
            if (at == text.Length || text[at] == ':')
            {
                values[count] = count == 1 ? uint.MaxValue : 0;
            }
            else
            {
                if (!CNumber.TryParse(text, at, 0, uint.MaxValue, out var value, out end))
                    throw Bad(call, $" near \"{text[at..]}\", or out of range (0-{uint.MaxValue}).");
                if (end < text.Length && text[end] != ':')
                {
                    throw Line(
                        $"{call.Extension.Name}: Argument to \"--{call.Option.Name}\" has unexpected characters near \"{text[end..]}\".");
                }
                values[count] = (uint)value;
            }
            count++;
            if (end == text.Length) break;
            at = end + 1;
        }
        call.Range = (values[0], count == 2 ? values[1] : values[0]);
    }

    private static void ReadMark(OptionCall call)
    {
        var text = call.Argument;
        var mask = (ulong)uint.MaxValue;
        if (!CNumber.TryParse(text, 0, 0, uint.MaxValue, out var value, out var end)) throw Bad();
        if (end < text.Length)
        {
            if (text[end] != '/') throw Garbage();
            if (!CNumber.TryParse(text, end + 1, 0, uint.MaxValue, out mask, out end)) throw Bad();
            if (end < text.Length) throw Garbage();
        }
        call.Mark = ((uint)value, (uint)mask);

        CommandException Bad() => Line($"{call.Extension.Name}: bad integer value for option \"--{call.Option.Name}\", or out of range.");
        CommandException Garbage() => Line($"{call.Extension.Name}: trailing garbage after value for option \"--{call.Option.Name}\".");
    }

    private static void ReadPorts(OptionCall call)
    {
        var parts = call.Argument.Split(':');
        if (parts.Length > 2)
        {
            // The parts that come before the surplus one are read first, and may be wrong themselves.
            foreach (var part in parts[..2]) Port(part);
            throw Line($"{call.Extension.Name}: Too many components for option \"--{call.Option.Name}\" (max: 2)");
        }
        var low = parts[0].Length == 0 ? (ushort)0 : Port(parts[0]);
        if (parts.Length == 1) call.Ports = new PortRange(low, low);
        else call.Ports = new PortRange(low, parts[1].Length == 0 ? ushort.MaxValue : Port(parts[1]));

        ushort Port(string text)
        {
            if (text.Length == 0) return 0;
            if (ulong.TryParse(text.TrimStart(' ', '\t'), out var number)) return (ushort)number;
            return call.Names.PortOf(text, null) ?? throw Line($"Port \"{text}\" does not resolve to anything.");
        }
    }

    private static void ReadHost(OptionCall call)
    {
        var family = call.Rule.Family;
        var slash = call.Argument.IndexOf('/');
        var name = slash < 0 ? call.Argument : call.Argument[..slash];
        if (!HostAddress.TryParseLoose(name, family, out var address))
        {
            var found = call.Names.AddressesOf(name, family);
            if (found.IsEmpty) throw Line("getaddrinfo: Name or service not known");
            address = found[0];
            if (found.Any(other => other != found[0])) throw Line($"{name} resolves to more than one address");
        }
        var mask = slash < 0 ? AddressMask.MaskOf(family, AddressMask.BitsOf(family)) : ReadPrefixMask(call, call.Argument[(slash + 1)..]);
        call.Host = new AddressMask(address, mask);
    }

    private static Address ReadPrefixMask(OptionCall call, string text)
    {
        var family = call.Rule.Family;
        var bits = AddressMask.BitsOf(family);
        if (CNumber.TryParse(text, 0, (uint)bits, out uint length)) return AddressMask.MaskOf(family, (int)length);
        // The original keeps only the prefix length of a written-out mask; of one that is no prefix it makes all ones.
        if (HostAddress.TryParseLoose(text, family, out var mask))
            return new AddressMask(mask, mask).PrefixLength is >= 0 and var known ? AddressMask.MaskOf(family, known)
                : AddressMask.MaskOf(family, bits);
        throw Bad(call, $", neither a valid network mask nor valid CIDR (0-{bits}).");
    }

    private static CommandException Error(OptionCall call, string what)
        => Line($"{call.Extension.Name}: option \"--{call.Option.Name}\" {what}");

    private static CommandException Bad(OptionCall call, string why)
        => Line($"{call.Extension.Name}: bad value for option \"--{call.Option.Name}\"{why}");

    /// <summary>The option texts of libxtables end in a newline of their own, which leaves an empty line.</summary>
    private static CommandException Line(string message) => CommandException.Parameter(message + "\n");
}

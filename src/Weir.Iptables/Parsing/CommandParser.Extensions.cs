using System.Text;
using Weir.Iptables.Extensions;

namespace Weir.Iptables.Parsing;

internal sealed partial class CommandParser
{
    /// <summary>
    /// An option of a match or target, or one that nobody knows: then the protocol's match may know it. False: look at the same option
    /// again.
    /// </summary>
    private bool ExtensionOption(int option)
    {
        if (option >= OffsetScale)
        {
            if (_target is not null && IsOf(_target)) return Use(_target);
            foreach (var match in _matches)
            {
                if (!match.IsComplete && IsOf(match)) return Use(match);
            }
        }
        if (ProtocolMatch() is { } extension)
        {
            _protocolUsed = true;
            AddMatch(extension, byProtocol: true);
            _getopt.Index--;
            return false;
        }
        throw CommandException.Parameter(option switch
        {
            ':' => $"option \"{_getopt.Previous}\" requires an argument",
            '?' => $"unknown option \"{_getopt.Previous}\"",
            _ => $"Unknown arg \"{_getopt.Value ?? "(null)"}\"",
        });

        bool IsOf(ExtensionUse use) => option >= use.Offset && option < use.Offset + OffsetScale;

        bool Use(ExtensionUse use)
        {
            var entry = Array.Find(use.Extension.Options, candidate => candidate.Id == option - use.Offset)!;
            var call = new OptionCall(use.Extension, entry, _getopt.Value, _invert, use.Used, _draft, _tool.Names, _getopt);
            OptionReader.Read(call);
            use.Record = use.Extension.Parse(use.Record, call);
            use.Used |= 1u << entry.Id;
            return true;
        }
    }

    /// <summary>The match that -p stands for, as long as it has not been asked.</summary>
    private Extension? ProtocolMatch()
    {
        if (_protocol is null) return null;
        var name = CNumber.TryParse(_protocol, 0u, byte.MaxValue, out uint number)
            ? Protocols.Name((byte)number, (_parsed.Options & CommandOptions.Numeric) != 0 ? null : _tool.Names)
            : _protocol;
        if (name is null) return null;
        var extension = ExtensionList.FindMatch(name);
        if (extension is not null && _matches.Exists(use => use.Extension == extension) && _protocolUsed) return null;
        if (extension is null && ExtensionList.UnsupportedMatches.Contains(name)) throw Unsupported("match", name);
        return extension;
    }

    private void AddMatch(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) > 28) throw CommandException.Parameter($"Invalid match name \"{name}\" (28 chars max)");
        if (ExtensionList.UnsupportedMatches.Contains(name)) throw Unsupported("match", name);
        if (ExtensionList.FindMatch(name) is not { } extension)
            throw CommandException.Parameter($"Couldn't load match `{name}':No such file or directory\n");
        AddMatch(extension, byProtocol: false);
    }

    /// <summary>Adds a match, which takes its options over from an earlier one of the same kind.</summary>
    private void AddMatch(Extension extension, bool byProtocol)
    {
        foreach (var earlier in _matches)
        {
            if (earlier.Extension == extension) earlier.IsComplete = true;
        }
        _matches.Add(Load(extension, byProtocol));
    }

    /// <summary>
    /// Makes the extension's options known, before those of earlier ones. Another match of the same kind shares the first one's options,
    /// unless it came by way of -p.
    /// </summary>
    private ExtensionUse Load(Extension extension, bool byProtocol = false)
    {
        if (_offsets.TryGetValue(extension, out var offset) && !byProtocol) return new ExtensionUse(extension, _draft, offset);
        offset = _lastOffset += OffsetScale;
        _offsets[extension] = offset;
        for (var i = 0; i < extension.Options.Length; i++)
        {
            var option = extension.Options[i];
            _getopt.AddedOptions.Insert(i, new LongOption(option.Name, option.Type == OptionType.None ? 0 : 1, offset + option.Id));
        }
        return new ExtensionUse(extension, _draft, offset);
    }

    private string VersionText() => _invert ? $"Not {ToolVersion.Shown} ;-)\n" : $"{_tool.ProgramName} v{ToolVersion.Shown}\n";

    private string HelpText()
    {
        if (_matches.Count == 0 && _protocol is not null && ExtensionList.FindMatch(_protocol) is { } extension)
            _matches.Add(Load(extension));
        var text = new StringBuilder(UsageText.Of(_tool));
        if (_target is not null) text.Append('\n').Append(_target.Extension.Help);
        else if (_parsed.Jump is "ACCEPT" or "DROP" or "RETURN" && !_parsed.IsGoto)
            text.Append("\nstandard match options:\n(If target is DROP, ACCEPT, RETURN or nothing)\n");
        foreach (var match in _matches) text.Append('\n').Append(match.Extension.Help);
        return text.ToString();
    }
}

using System.Text;
using Weir.Iptables.Parsing;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>Names of connection states and status bits, in the original's order of printing.</summary>
internal static class ConntrackNames
{
    /// <summary>A name may be shortened; of several that fit the first one counts.</summary>
    private static readonly (string Name, ConntrackStates State)[] ParseOrder =
    [
        ("INVALID", ConntrackStates.Invalid), ("NEW", ConntrackStates.New), ("ESTABLISHED", ConntrackStates.Established),
        ("RELATED", ConntrackStates.Related), ("UNTRACKED", ConntrackStates.Untracked), ("SNAT", ConntrackStates.Snat),
        ("DNAT", ConntrackStates.Dnat),
    ];

    private static readonly (string Name, ConntrackStates State)[] PrintOrder =
    [
        ("INVALID", ConntrackStates.Invalid), ("NEW", ConntrackStates.New), ("RELATED", ConntrackStates.Related),
        ("ESTABLISHED", ConntrackStates.Established), ("UNTRACKED", ConntrackStates.Untracked), ("SNAT", ConntrackStates.Snat),
        ("DNAT", ConntrackStates.Dnat),
    ];

    private static readonly (string Name, ConntrackStatus Status)[] StatusNames =
    [
        ("NONE", ConntrackStatus.None), ("EXPECTED", ConntrackStatus.Expected), ("SEEN_REPLY", ConntrackStatus.SeenReply),
        ("ASSURED", ConntrackStatus.Assured), ("CONFIRMED", ConntrackStatus.Confirmed),
    ];

    /// <summary>Reads a list of states; <paramref name="what"/> names the option in the message.</summary>
    public static ConntrackStates ParseStates(string text, bool withNat, string what)
    {
        var states = ConntrackStates.None;
        for (var rest = text; ;)
        {
            var comma = rest.IndexOf(',');
            var name = comma < 0 ? rest : rest[..comma];
            var at = name.Length == 0 ? -1 : Array.FindIndex(ParseOrder,
                known => known.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase));
            if (at < 0 || (!withNat && ParseOrder[at].State is ConntrackStates.Snat or ConntrackStates.Dnat))
            {
                if (rest.Length == 0 && !withNat)
                    throw CommandException.Parameter("\"--state\" requires a list of states with no spaces, e.g. ESTABLISHED,RELATED");
                throw CommandException.Parameter($"Bad {what} \"{rest}\"");
            }
            states |= ParseOrder[at].State;
            if (comma < 0) return states;
            rest = rest[(comma + 1)..];
        }
    }

    /// <summary>Reads a list of status bits.</summary>
    public static ConntrackStatus ParseStatus(string text)
    {
        var status = ConntrackStatus.None;
        for (var rest = text; ;)
        {
            var comma = rest.IndexOf(',');
            var name = comma < 0 ? rest : rest[..comma];
            var at = name.Length == 0 ? -1 : Array.FindIndex(StatusNames,
                known => known.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase));
            if (at < 0) throw CommandException.Parameter($"Bad ctstatus \"{rest}\"");
            status |= StatusNames[at].Status;
            if (comma < 0) return status;
            rest = rest[(comma + 1)..];
        }
    }

    /// <summary>Writes states with commas between.</summary>
    public static void AppendStates(StringBuilder output, ConntrackStates states)
        => output.AppendJoin(',', PrintOrder.Where(known => (states & known.State) != 0).Select(known => known.Name));

    /// <summary>Writes status bits with commas between, NONE for none.</summary>
    public static void AppendStatus(StringBuilder output, ConntrackStatus status)
    {
        if (status == ConntrackStatus.None) output.Append("NONE");
        else output.AppendJoin(',', StatusNames.Where(known => (status & known.Status) != 0).Select(known => known.Name));
    }
}

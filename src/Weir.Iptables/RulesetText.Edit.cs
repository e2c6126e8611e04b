using System.Text;
using Weir.Iptables.Extensions;
using Weir.Model.Rules;

namespace Weir.Iptables;

/// <summary>Changes of one line, without reading the others.</summary>
public sealed partial class RulesetText
{
    // Fields of a rule's line before what it says: the letter, the slot, two counters.
    private const int FieldsBeforeRule = 4;

    /// <inheritdoc/>
    public RulePlace? Find(ReadOnlySpan<byte> text, RuleEdit edit)
    {
        var wanted = edit is { Kind: RuleEditKind.DeleteSame, Rule: { } same } ? Rest(Line(same with { Slot = 0, Counters = default })).ToArray() : null;
        var counts = new List<int>();
        var slots = new List<int>();
        RulePlace? place = null;
        var isHere = false;
        var isInUse = false;
        var kind = default(TableKind);
        for (var at = 0; at < text.Length;)
        {
            var line = LineAt(text, at);
            var start = at;
            at += line.Length + 1;
            if (line.StartsWith("table "u8))
            {
                var fields = new FieldReader(Encoding.UTF8.GetString(line));
                fields.Field();
                if (!TableKinds.TryParse(fields.Field().ToString(), out kind)) return null;
                isInUse = fields.Flag();
                isHere = kind == edit.Table;
                if (isHere && !isInUse) return null;
            }
            else if (line.StartsWith("chain "u8))
            {
                var (name, isBuiltIn, slot, count) = ReadHead(line);
                if (slot != 0) slots.Add(slot);
                var rules = at;
                if (isHere && place is null && name == edit.Chain)
                {
                    place = FindIn(text, ref at, edit, count, wanted);
                    if (place is null) return null;
                    place = place with { Hook = isBuiltIn ? Reader.HookOf(kind, name) : null, ChainStart = start, CountsBefore = [.. counts] };
                }
                else
                {
                    Skip(text, ref at, count);
                }
                if (isInUse) counts.Add(count);
            }
        }
        return place is null ? null : place with { Slots = slots };
    }

    /// <inheritdoc/>
    public TextPatch Edit(ReadOnlySpan<byte> text, RulePlace place, Rule? rule)
    {
        var head = LineAt(text, place.ChainStart);
        var count = rule is null ? place.Count - 1 : place.Count + 1;
        // The count is the line's last field.
        var newHead = Encoding.UTF8.GetBytes($"{Encoding.UTF8.GetString(head[..(head.LastIndexOf((byte)' ') + 1)])}{count}\n");
        return new(place.ChainStart, newHead, place.ChainStart + head.Length + 1, place.Start, rule is null ? [] : Line(rule), place.End);
    }

    /// <summary>From a chain's first rule on: the place of the edit; <paramref name="at"/> is then behind the chain's last rule.</summary>
    private static RulePlace? FindIn(ReadOnlySpan<byte> text, ref int at, RuleEdit edit, int count, byte[]? wanted)
    {
        var index = edit.Kind == RuleEditKind.Append ? count : edit.Index;
        int start = -1, end = -1;
        for (var i = 0; i < count; i++)
        {
            var line = LineAt(text, at);
            if (start < 0 && (wanted is null ? i == index : Rest(line).SequenceEqual(wanted)))
            {
                start = at;
                index = i;
                end = wanted is null && edit.Kind == RuleEditKind.Insert ? at : at + line.Length + 1;
            }
            at += line.Length + 1;
        }
        if (start < 0 && index == count && edit.Kind is RuleEditKind.Append or RuleEditKind.Insert) start = end = at;
        return start < 0 ? null : new(null, index, count, 0, start, end, [], []);
    }

    private static (string Name, bool IsBuiltIn, int Slot, int Count) ReadHead(ReadOnlySpan<byte> line)
    {
        var fields = new FieldReader(Encoding.UTF8.GetString(line));
        fields.Field();
        var name = fields.Text();
        var isBuiltIn = fields.Flag();
        fields.Number();
        var slot = (int)fields.Number32();
        fields.Number();
        fields.Number();
        return (name, isBuiltIn, slot, (int)fields.Number32());
    }

    private static byte[] Line(Rule rule)
    {
        var text = new StringBuilder();
        Encode(rule, new FieldWriter(text));
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static ReadOnlySpan<byte> LineAt(ReadOnlySpan<byte> text, int at)
    {
        var rest = text[at..];
        var end = rest.IndexOf((byte)'\n');
        return end < 0 ? rest : rest[..end];
    }

    private static void Skip(ReadOnlySpan<byte> text, ref int at, int lines)
    {
        for (var i = 0; i < lines; i++) at += LineAt(text, at).Length + 1;
    }

    /// <summary>What a rule's line says of the rule itself.</summary>
    private static ReadOnlySpan<byte> Rest(ReadOnlySpan<byte> line)
    {
        for (var i = 0; i < FieldsBeforeRule; i++) line = line[(line.IndexOf((byte)' ') + 1)..];
        return line.TrimEnd((byte)'\n');
    }
}

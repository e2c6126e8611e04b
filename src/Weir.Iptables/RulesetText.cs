using System.Collections.Immutable;
using System.Text;
using Weir.Iptables.Extensions;
using Weir.Model;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables;

/// <summary>
/// Rule sets as text, for keeping them. A line is a family, table, chain or rule; fields are separated by blanks. The form of iptables-save
/// is not used because it loses things (an inverted range of all ports, -i +, slots) and takes longer to read.
/// </summary>
public sealed partial class RulesetText : IRulesetCodec
{
    private const string Magic = "weir-rules-1";

    /// <inheritdoc/>
    public void Encode(Ruleset ruleset, TextWriter output)
    {
        var text = new StringBuilder();
        var fields = new FieldWriter(text);
        text.Append(Magic).Append(' ').Append(ruleset.Family == AddressFamily.IPv4 ? 4 : 6).Append('\n');
        foreach (var table in ruleset.Tables)
        {
            text.Append("table ").Append(table.Kind.Name());
            fields.Flag(table.InUse);
            text.Append('\n');
            foreach (var chain in table.Chains)
            {
                text.Append("chain");
                fields.Text(chain.Name).Flag(chain.IsBuiltIn).Number((ulong)chain.Policy);
                fields.Number((uint)chain.Slot).Number(chain.Counters.Packets).Number(chain.Counters.Bytes)
                    .Number((ulong)chain.Rules.Length);
                text.Append('\n');
                foreach (var rule in chain.Rules) Encode(rule, fields);
                if (text.Length < 1 << 20) continue;
                output.Write(text);
                text.Clear();
            }
        }
        text.Append("end\n");
        output.Write(text);
    }

    private static void Encode(Rule rule, FieldWriter fields)
    {
        var text = fields.Output;
        text.Append('r');
        fields.Number((uint)rule.Slot).Number(rule.Counters.Packets).Number(rule.Counters.Bytes);
        fields.Mask(rule.Source).Mask(rule.Destination).Text(rule.InInterface.Text).Text(rule.OutInterface.Text).Number(rule.Protocol);
        fields.Number((rule.InvertSource ? 1u : 0) | (rule.InvertDestination ? 2u : 0) | (rule.InvertInInterface ? 4u : 0)
            | (rule.InvertOutInterface ? 8u : 0) | (rule.InvertProtocol ? 16u : 0) | (rule.Fragment ? 32u : 0)
            | (rule.InvertFragment ? 64u : 0));
        foreach (var match in rule.Matches)
        {
            text.Append(" m ").Append(match.Name);
            ExtensionList.Of(match).Encode(match, fields);
        }
        switch (rule.Target)
        {
            case null:
                break;
            case VerdictTarget verdict:
                text.Append(" v");
                fields.Number((ulong)verdict.Verdict);
                break;
            case ChainTarget chain:
                text.Append(chain.IsGoto ? " g" : " j");
                fields.Text(chain.Chain);
                break;
            default:
                text.Append(" t ").Append(rule.Target.Name);
                ExtensionList.Of(rule.Target).Encode(rule.Target, fields);
                break;
        }
        text.Append('\n');
    }

    /// <inheritdoc/>
    public bool TryDecode(TextReader input, out Ruleset? ruleset, out string error)
    {
        var reader = new Reader(input);
        try
        {
            ruleset = reader.Read();
            error = "";
            return true;
        }
        catch (FormatException problem)
        {
            ruleset = null;
            error = $"line {reader.LineNumber}: {problem.Message}";
            return false;
        }
    }

    private sealed class Reader(TextReader input)
    {
        private AddressFamily _family;

        public int LineNumber { get; private set; }

        public Ruleset Read()
        {
            _family = Next() switch
            {
                Magic + " 4" => AddressFamily.IPv4,
                Magic + " 6" => AddressFamily.IPv6,
                _ => throw new FormatException($"not a rule set of the form {Magic}"),
            };
            var ruleset = Ruleset.Empty(_family);
            var line = Next();
            foreach (var kind in TableKinds.All)
            {
                var fields = new FieldReader(line);
                if (fields.Field() is not "table" || !fields.Field().SequenceEqual(kind.Name()))
                    throw new FormatException($"table {kind.Name()} is missing");
                var inUse = fields.Flag();
                var chains = ImmutableArray.CreateBuilder<Chain>();
                for (line = Next(); line.StartsWith("chain ", StringComparison.Ordinal); line = Next()) chains.Add(ReadChain(line, kind));
                var table = new Table { Kind = kind, InUse = inUse, Chains = chains.ToImmutable() };
                Check(table);
                ruleset = ruleset.With(table);
            }
            return line == "end" ? ruleset : throw new FormatException("the end is missing");
        }

        private string Next()
        {
            LineNumber++;
            return input.ReadLine() ?? throw new FormatException("the text ends early");
        }

        private Chain ReadChain(string line, TableKind kind)
        {
            var fields = new FieldReader(line);
            fields.Field();
            var name = fields.Text();
            var isBuiltIn = fields.Flag();
            var chain = new Chain
            {
                Name = name,
                Hook = isBuiltIn ? HookOf(kind, name) : null,
                Policy = fields.Flag() ? Policy.Drop : Policy.Accept,
                Slot = (int)fields.Number32(),
                Counters = new Counters(fields.Number(), fields.Number()),
            };
            var count = fields.Number32();
            var rules = ImmutableArray.CreateBuilder<Rule>();
            for (var i = 0u; i < count; i++) rules.Add(ReadRule(Next()));
            return chain with { Rules = rules.ToImmutable() };
        }

        internal static Hook HookOf(TableKind kind, string name)
        {
            foreach (var hook in kind.Hooks())
            {
                if (hook.ChainName() == name) return hook;
            }
            throw new FormatException($"table {kind.Name()} has no built-in chain {name}");
        }

        private Rule ReadRule(string line)
        {
            var fields = new FieldReader(line);
            if (fields.Field() is not "r") throw new FormatException("a rule is missing");
            var slot = (int)fields.Number32();
            var counters = new Counters(fields.Number(), fields.Number());
            var source = fields.Mask();
            var destination = fields.Mask();
            var inInterface = fields.Text();
            var outInterface = fields.Text();
            var protocol = fields.Number8();
            var flags = fields.Number8();
            Target? target = null;
            var matches = ImmutableArray.CreateBuilder<Match>();
            while (!fields.IsAtEnd)
            {
                switch (fields.Field())
                {
                    case "m":
                        var match = fields.Field().ToString();
                        matches.Add((Match)(ExtensionList.FindMatch(match) ?? throw new FormatException($"match {match} is unknown"))
                            .Decode(ref fields));
                        break;
                    case "t":
                        var name = fields.Field().ToString();
                        target = (Target)(ExtensionList.FindTarget(name) ?? throw new FormatException($"target {name} is unknown"))
                            .Decode(ref fields);
                        break;
                    case "v":
                        target = fields.Number8() is var verdict && verdict <= (byte)Verdict.Return
                            ? new VerdictTarget((Verdict)verdict)
                            : throw new FormatException("an unknown verdict");
                        break;
                    case "j":
                        target = new ChainTarget(fields.Text(), false);
                        break;
                    case "g":
                        target = new ChainTarget(fields.Text(), true);
                        break;
                    default:
                        throw new FormatException("neither a match nor a target");
                }
            }
            return new Rule(_family)
            {
                Slot = slot,
                Counters = counters,
                Source = source,
                Destination = destination,
                InInterface = new InterfacePattern(inInterface),
                OutInterface = new InterfacePattern(outInterface),
                Protocol = protocol,
                InvertSource = (flags & 1) != 0,
                InvertDestination = (flags & 2) != 0,
                InvertInInterface = (flags & 4) != 0,
                InvertOutInterface = (flags & 8) != 0,
                InvertProtocol = (flags & 16) != 0,
                Fragment = (flags & 32) != 0,
                InvertFragment = (flags & 64) != 0,
                Matches = new ValueList<Match>(matches.DrainToImmutable()),
                Target = target,
            };
        }

        /// <summary>Jumps must lead somewhere; built-in chains must all be there.</summary>
        private static void Check(Table table)
        {
            var names = new HashSet<string>(table.Chains.Select(chain => chain.Name));
            if (names.Count != table.Chains.Length) throw new FormatException($"table {table.Kind.Name()} has a chain twice");
            foreach (var hook in table.Kind.Hooks())
            {
                if (!names.Contains(hook.ChainName()))
                    throw new FormatException($"table {table.Kind.Name()} has no chain {hook.ChainName()}");
            }
            foreach (var chain in table.Chains)
            {
                foreach (var rule in chain.Rules)
                {
                    if (rule.Target is ChainTarget target && !names.Contains(target.Chain))
                        throw new FormatException($"there is no chain {target.Chain}");
                }
            }
        }
    }
}

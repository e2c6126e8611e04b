using Weir.Control.Images;
using Weir.Control.Images.Classification;
using Weir.Control.Rules;
using Weir.DataPath.Image;
using Weir.Iptables;
using Weir.Iptables.Names;
using Weir.Model;
using Weir.Model.Rules;

namespace Weir.Kernel.Tests.TestRun;

/// <summary>From what iptables-restore reads to the image that the data path walks, without an instance.</summary>
internal static class RuleImages
{
    /// <summary>The image, and the highest counter slot that it uses. Chains of more than so many rules are classified.</summary>
    public static (RuleImage Image, int HighestSlot) Of(string rules, int mostUnclassified = ClassifierBuilder.MostUnclassified)
    {
        var ruleset = Parse(rules);
        return (Of(ruleset, mostUnclassified), HighestSlot(ruleset));
    }

    /// <summary>The rule set, every rule with a slot.</summary>
    public static Ruleset Parse(string rules)
    {
        var store = new Store();
        var errors = new StringWriter();
        var environment = new ToolEnvironment { Input = new StringReader(rules), Output = TextWriter.Null, Errors = errors, Names = new EtcNames(static path => File.Exists(path) ? File.ReadAllText(path) : null) };
        if (IptablesRestore.Run("iptables-restore", [], environment, store) != 0) throw new InvalidOperationException($"{errors}{rules}");
        return SlotAssignment.Assign(Ruleset.Empty(AddressFamily.IPv4), Ruleset.Empty(AddressFamily.IPv4), store.Ruleset, _ => default);
    }

    public static int HighestSlot(Ruleset ruleset) =>
        ruleset.Tables.SelectMany(table => table.Chains).SelectMany(chain => chain.Rules.Select(rule => rule.Slot).Append(chain.Slot)).Max();

    /// <summary>The whole image of a rule set.</summary>
    public static RuleImage Of(Ruleset ruleset, int mostUnclassified = ClassifierBuilder.MostUnclassified, string text = "", Cell[]? live = null) =>
        ImageBuilder.Build(ruleset, live ?? [], 1, 0, text, mostUnclassified, out var refusal) ?? throw new InvalidOperationException($"{refusal}");

    private sealed class Store : IRulesetStore
    {
        public Ruleset Ruleset { get; private set; } = Ruleset.Empty(AddressFamily.IPv4);

        public Ruleset Read(AddressFamily family) => Ruleset;

        public ChangeResult Change(AddressFamily family, LockWait wait, Func<Ruleset, Ruleset?> change)
        {
            if (change(Ruleset) is not { } changed) return ChangeResult.Unchanged;
            Ruleset = changed;
            return ChangeResult.Committed;
        }
    }
}

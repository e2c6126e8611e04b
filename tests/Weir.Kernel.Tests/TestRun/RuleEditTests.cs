using System.Runtime.InteropServices;
using System.Text;
using Weir.Control.Images;
using Weir.DataPath.Image;
using Weir.Iptables;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.TestRun;

/// <summary>Images that were changed rule by rule do to packets what images built anew of the same rules do, and their text says the same.</summary>
[Collection("network")]
public sealed class RuleEditTests
{
    private const int Sets = 60;
    private const int Edits = 50;

    private static readonly RulesetText s_codec = new();

    [Fact]
    public void Edited_images_are_as_images_built_anew()
    {
        int edited = 0, whole = 0;
        for (var seed = 1; seed <= Sets; seed++)
        {
            var random = new Random(seed);
            var ruleset = RuleImages.Parse(ClassifierTests.RandomRules(random, 3 + random.Next(80)));
            // Rules to put in, with every kind of match; jumps are not edits of one rule.
            var spare = RuleImages.Parse(ClassifierTests.RandomRules(random, 60));
            var image = RuleImages.Of(ruleset, text: Text(ruleset));
            for (var step = 0; step < Edits; step++)
            {
                var kind = random.Next(2) == 0 ? TableKind.Mangle : TableKind.Filter;
                var chains = ruleset[kind].Chains;
                var chain = chains[random.Next(chains.Length)];
                var edit = Next(random, kind, chain, spare[kind]);
                if (edit is null) continue;
                var changed = Apply(ruleset, edit, out var slot);
                var place = s_codec.Find(Encoding.UTF8.GetBytes(Text(ruleset)), edit) ?? throw new XunitException($"seed {seed}, step {step}: {edit} finds no place");
                var rule = edit.Kind is RuleEditKind.Append or RuleEditKind.Insert ? edit.Rule! with { Slot = slot } : null;
                var before = Encoding.UTF8.GetBytes(Text(ruleset));
                var patch = s_codec.Edit(before, place, rule);
                var text = new byte[patch.LengthOf(before.Length)];
                patch.Apply(before, text);
                Assert.Equal(Text(changed), Encoding.UTF8.GetString(text));
                // What the room holds from a former image must not matter.
                var room = new Cell[ImageBuilder.RoomFor(image.Cells)];
                random.NextBytes(MemoryMarshal.AsBytes(room.AsSpan()));
                if (ImageBuilder.Edit(image.Cells, 0, kind, place, rule, patch, room) is { } facts)
                {
                    edited++;
                    var next = new RuleImage(room[..RuleImage.LengthOf(room)], facts.Flags, facts.NewStateSlots, facts.RoutesLocalTranslations);
                    var linear = RuleImages.Of(changed, int.MaxValue, live: next.Cells);
                    ClassifierTests.Compare($"seed {seed}, step {step}, {edit}", "10.0.0.1 10.1.1.1 10.2.2.2 10.1.2.3 10.2.0.4 500 250 750 3 8\n" + Text(changed), linear.Cells, next.Cells, RuleImages.HighestSlot(changed), random, 12);
                    image = next;
                }
                else
                {
                    whole++;
                    image = RuleImages.Of(changed, text: Text(changed), live: image.Cells);
                }
                Assert.Equal(text, RuleImage.TextOf(image.Cells).ToArray() is { Length: > 0 } stored ? stored : text);
                ruleset = changed;
            }
        }
        Assert.True(edited > whole, $"{edited} edits, {whole} whole builds");
    }

    [Fact]
    public void What_is_not_there_has_no_place()
    {
        var ruleset = RuleImages.Parse("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.1\nCOMMIT\n");
        var text = Encoding.UTF8.GetBytes(Text(ruleset));
        var rule = ruleset[TableKind.Filter].Find("INPUT")!.Rules[0];
        Assert.NotNull(s_codec.Find(text, new(TableKind.Filter, "INPUT", RuleEditKind.DeleteSame, rule)));
        Assert.NotNull(s_codec.Find(text, new(TableKind.Filter, "INPUT", RuleEditKind.Insert, rule, 1)));
        Assert.Null(s_codec.Find(text, new(TableKind.Filter, "INPUT", RuleEditKind.Insert, rule, 2)));
        Assert.Null(s_codec.Find(text, new(TableKind.Filter, "INPUT", RuleEditKind.DeleteAt, null, 1)));
        Assert.Null(s_codec.Find(text, new(TableKind.Filter, "FORWARD", RuleEditKind.DeleteSame, rule)));
        Assert.Null(s_codec.Find(text, new(TableKind.Filter, "none", RuleEditKind.Append, rule)));
        Assert.Null(s_codec.Find(text, new(TableKind.Mangle, "INPUT", RuleEditKind.Append, rule)));
    }

    private static RuleEdit? Next(Random random, TableKind kind, Chain chain, Table spare)
    {
        if (random.Next(3) == 0 && chain.Rules.Length > 0)
        {
            var index = random.Next(chain.Rules.Length);
            return random.Next(2) == 0 ? new(kind, chain.Name, RuleEditKind.DeleteAt, null, index) : new(kind, chain.Name, RuleEditKind.DeleteSame, chain.Rules[index]);
        }
        var rules = spare.Chains.SelectMany(other => other.Rules).Where(rule => rule.Target is not ChainTarget).ToArray();
        if (rules.Length == 0) return null;
        var rule = rules[random.Next(rules.Length)] with { Slot = 0, Counters = default };
        return random.Next(2) == 0 ? new(kind, chain.Name, RuleEditKind.Append, rule) : new(kind, chain.Name, RuleEditKind.Insert, rule, random.Next(chain.Rules.Length + 1));
    }

    private static Ruleset Apply(Ruleset ruleset, RuleEdit edit, out int slot)
    {
        var used = ruleset.Tables.SelectMany(table => table.Chains).SelectMany(chain => chain.Rules.Select(rule => rule.Slot).Append(chain.Slot)).ToHashSet();
        slot = Enumerable.Range(1, used.Count + 1).First(candidate => !used.Contains(candidate));
        var table = ruleset[edit.Table];
        var chain = table.Find(edit.Chain)!;
        var rules = edit.Kind switch
        {
            RuleEditKind.Append => chain.Rules.Add(edit.Rule! with { Slot = slot }),
            RuleEditKind.Insert => chain.Rules.Insert(edit.Index, edit.Rule! with { Slot = slot }),
            RuleEditKind.DeleteAt => chain.Rules.RemoveAt(edit.Index),
            _ => chain.Rules.Remove(chain.Rules.First(rule => rule.IsSameAs(edit.Rule!))),
        };
        return ruleset.With(table with { Chains = table.Chains.Replace(chain, chain with { Rules = rules }) });
    }

    private static string Text(Ruleset ruleset)
    {
        var text = new StringWriter();
        s_codec.Encode(ruleset, text);
        return text.ToString();
    }
}

using System.Diagnostics;
using Weir.Iptables.Tests.Support;
using Weir.Model;
using Weir.Model.Rules;
using Weir.Model.Rules.Matches;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Tests;

public sealed class RulesetTextTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);

    private readonly RulesetText _codec = new();

    [Fact]
    public void RandomRulesets_ComeBackEqual()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var store = new MemoryStore();
            var generator = new CommandGenerator(new Random(seed));
            for (var i = 0; i < 60; i++) Tools.Run(store, "iptables", generator.Command());
            var ruleset = store.Read(AddressFamily.IPv4);
            Assert.True(ruleset == RoundTrip(ruleset), $"seed {seed}");
        }
    }

    [Fact]
    public void WhatSaveWouldLose_ComesBackEqual()
    {
        var any = new Rule(AddressFamily.IPv4);
        var rules = (Rule[])
        [
            any,
            any with { InInterface = new("+"), InvertInInterface = true, OutInterface = new("a b%'\u00fc"),
                Counters = new(ulong.MaxValue, 1), Slot = int.MaxValue },
            any with { Source = new(Address.FromIPv4(0x01020304), Address.FromIPv4(0x00ff00ff)), InvertSource = true, Fragment = true,
                InvertFragment = true },
            any with { Protocol = 6, Matches = [new TcpMatch { InvertSourcePorts = true, InvertOption = true },
                new CommentMatch("line\nbreak \t \" \\ '") ] },
            any with { Matches = [new LimitMatch(85714, 5), new LimitMatch(1, 1), new CommentMatch("")] },
            any with { Protocol = 17, Matches = [new UdpMatch { InvertDestinationPorts = true, SourcePorts = new(5, 4) }],
                Target = new ChainTarget("user", true) },
            any with { Target = new SnatTarget(null, new(1, 2), NatOptions.Random | NatOptions.Persistent) },
        ];
        var table = Table.Empty(TableKind.Mangle);
        table = table with
        {
            Chains = [table.Chains[0] with { Rules = [.. rules], Policy = Policy.Drop, Slot = 3 }, .. table.Chains[1..],
            new Chain { Name = "user" }]
        };
        var ruleset = Ruleset.Empty(AddressFamily.IPv4).With(table);
        Assert.Equal(ruleset, RoundTrip(ruleset));
    }

    [Fact]
    public void Ipv6Addresses_ComeBackEqual()
    {
        var rule = new Rule(AddressFamily.IPv6) { Source = AddressMask.Prefix(Address.Parse("2001:db8::1"), 64) };
        var table = Table.Empty(TableKind.Raw);
        table = table with { Chains = [table.Chains[0] with { Rules = [rule] }, .. table.Chains[1..]] };
        var ruleset = Ruleset.Empty(AddressFamily.IPv6).With(table);
        Assert.Equal(ruleset, RoundTrip(ruleset));
    }

    [Fact]
    public void DamagedText_IsRefusedWithTheLine()
    {
        var store = new MemoryStore();
        Tools.Run(store, "iptables-restore", [],
            "*filter\n:a - [0:0]\n-A INPUT -p tcp --dport 80 -m comment --comment \"a b\" -j a\n-A a -j LOG --log-prefix x\nCOMMIT\n");
        var text = Text(store.Read(AddressFamily.IPv4));
        var random = new Random(7);
        for (var i = 0; i < 3000; i++)
        {
            var damaged = text.ToCharArray();
            for (var n = random.Next(1, 4); n > 0; n--) damaged[random.Next(damaged.Length)] = (char)random.Next(0x7f);
            var cut = new string(damaged, 0, i % 3 == 0 ? random.Next(damaged.Length) : damaged.Length);
            // Never an exception; some damage is a different, valid rule set.
            if (!_codec.TryDecode(new StringReader(cut), out _, out var error)) Assert.StartsWith("line ", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void HundredThousandRules_TakeNoTime()
    {
        var rule = new Rule(AddressFamily.IPv4)
        {
            Protocol = 6,
            Source = AddressMask.Prefix(Address.FromIPv4(0x0a000000), 8),
            Matches = [new TcpMatch { DestinationPorts = new(80, 80) }, new CommentMatch("default/web:http")],
            Target = new DnatTarget(new(Address.FromIPv4(1), Address.FromIPv4(1)), new(8080, 8080), null, NatOptions.None),
        };
        var table = Table.Empty(TableKind.Nat);
        var rules = Enumerable.Range(0, 100_000).Select(i
            => rule with { Slot = i + 1, Destination = AddressMask.Host(Address.FromIPv4((uint)i)) });
        var ruleset = Ruleset.Empty(AddressFamily.IPv4).With(table
            with
        { Chains = [table.Chains[0] with { Rules = [.. rules] }, .. table.Chains[1..]] });
        // The best of three, and generous, because test machines are shared; the native binary needs a tenth of a second.
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 3 && best > Limit; i++)
        {
            var watch = Stopwatch.StartNew();
            Assert.Equal(ruleset, RoundTrip(ruleset));
            best = watch.Elapsed < best ? watch.Elapsed : best;
        }
        Assert.True(best < Limit, $"{best}");
    }

    private string Text(Ruleset ruleset)
    {
        var text = new StringWriter();
        _codec.Encode(ruleset, text);
        return text.ToString();
    }

    private Ruleset RoundTrip(Ruleset ruleset)
    {
        Assert.True(_codec.TryDecode(new StringReader(Text(ruleset)), out var decoded, out var error), error);
        return decoded!;
    }
}

using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Weir.DataPath.Image;

namespace Weir.DataPath.Tests.Bench;

/// <summary>Builds a rule image by hand, cell by cell.</summary>
internal sealed class TestImage
{
    private readonly Dictionary<BuiltInChain, List<TestRule>> _chains = [];
    private readonly Dictionary<BuiltInChain, TargetKind> _policies = [];
    private readonly Dictionary<string, List<TestRule>> _userChains = [];
    private uint _counters;

    /// <summary>Counter slots of policies.</summary>
    public Dictionary<BuiltInChain, uint> PolicyCounters { get; } = [];

    public uint Flags { get; set; } = ActiveImage.Loaded;

    public TestImage Tracked()
    {
        Flags |= ActiveImage.Tracking;
        return this;
    }

    public TestImage Policy(BuiltInChain chain, TargetKind policy)
    {
        _policies[chain] = policy;
        _chains.TryAdd(chain, []);
        return this;
    }

    /// <summary>Appends a rule; returns it for its counter.</summary>
    public TestRule Add(BuiltInChain chain, TestRule rule)
    {
        _chains.TryAdd(chain, []);
        _chains[chain].Add(rule);
        rule.CounterSlot = _counters++;
        return rule;
    }

    /// <summary>Appends a rule to a user chain.</summary>
    public TestRule Add(string chain, TestRule rule)
    {
        _userChains.TryAdd(chain, []);
        _userChains[chain].Add(rule);
        rule.CounterSlot = _counters++;
        return rule;
    }

    public TestImage UserChain(string chain)
    {
        _userChains.TryAdd(chain, []);
        return this;
    }

    /// <summary>The cells, and the word that makes slot 0 with them live.</summary>
    public unsafe (Cell[] Cells, ulong Active) Build()
    {
        var cells = new List<Cell>(new Cell[3]);
        var starts = new Dictionary<string, uint>();
        var patches = new List<(int Cell, string Chain)>();
        var flags = Flags;
        HeadsCell heads = default, policies = default;
        void Emit(List<TestRule> rules)
        {
            // Extensions come first, so that the chain's cells are contiguous.
            var prepared = new List<RuleCell>();
            foreach (var rule in rules) prepared.Add(rule.Prepare(cells));
            for (var i = 0; i < rules.Count; i++)
            {
                if (rules[i].TargetChain is { } chain) patches.Add((cells.Count + i, chain));
            }
            _lastStart = (uint)cells.Count;
            foreach (var cell in prepared) cells.Add(Unsafe.BitCast<RuleCell, Cell>(cell));
        }
        foreach (var (chain, rules) in _chains)
        {
            flags |= 1u << (ActiveImage.ChainShift + (int)chain);
            Emit(rules);
            heads.Chains[(int)chain] = _lastStart;
            policies.Chains[(int)chain] = (uint)cells.Count;
            PolicyCounters[chain] = _counters;
            cells.Add(Unsafe.BitCast<RuleCell, Cell>(new RuleCell
            {
                Kind = CellKind.Policy,
                Target = _policies.GetValueOrDefault(chain, TargetKind.Accept),
                CounterSlot = _counters++,
            }));
        }
        foreach (var (name, rules) in _userChains)
        {
            Emit(rules);
            starts[name] = _lastStart;
            cells.Add(new Cell { Kind = CellKind.End });
        }
        foreach (var (cell, chain) in patches)
        {
            var rule = Unsafe.BitCast<Cell, RuleCell>(cells[cell]);
            rule.Argument = starts[chain];
            cells[cell] = Unsafe.BitCast<RuleCell, Cell>(rule);
        }
        cells[0] = Unsafe.BitCast<HeaderCell, Cell>(new HeaderCell { Magic = HeaderCell.MagicValue, Version = HeaderCell.VersionValue, CellCount = (uint)cells.Count });
        cells[1] = Unsafe.BitCast<HeadsCell, Cell>(heads);
        cells[2] = Unsafe.BitCast<HeadsCell, Cell>(policies);
        return ([.. cells], flags);
    }

    private uint _lastStart;

    public static uint AddressBe(string address) => BitConverter.ToUInt32(IPAddress.Parse(address).GetAddressBytes());

    public static uint MaskBe(int length) => length == 0 ? 0 : Bits.Swap(uint.MaxValue << (32 - length));

    public static IpAddress Mapped(string address) => new() { Word2Be = IpAddress.MappedBe, Word3Be = AddressBe(address) };

    public static byte[] Name(string name)
    {
        var bytes = new byte[16];
        Encoding.ASCII.GetBytes(name).CopyTo(bytes, 0);
        return bytes;
    }
}

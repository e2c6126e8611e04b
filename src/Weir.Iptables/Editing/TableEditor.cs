using System.Collections.Immutable;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Editing;

/// <summary>
/// A table being changed: what libiptc's handle is to iptables. Operations return whether they worked; <see cref="Error"/> and <see
/// cref="Last"/> then say why not. Chains that are not touched stay the snapshot's own objects.
/// </summary>
internal sealed class TableEditor
{
    private readonly Table _original;
    private readonly List<EditedChain> _chains = [];
    private readonly Dictionary<string, EditedChain> _byName = [];

    /// <summary>Counted when asked for, forgotten when a rule changes.</summary>
    private Dictionary<string, int>? _references;

    /// <summary>Starts with a table.</summary>
    public TableEditor(Table table)
    {
        _original = table;
        foreach (var chain in table.Chains) Add(_chains.Count, new EditedChain(chain));
    }

    /// <summary>Which table.</summary>
    public TableKind Kind => _original.Kind;

    /// <summary>Why the last operation failed.</summary>
    public Errno Error { get; private set; }

    /// <summary>Which function of libiptc was called last.</summary>
    public Operation Last { get; private set; }

    /// <summary>Whether anything was changed, or was asked to be.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>The chains' names in order.</summary>
    public IEnumerable<string> ChainNames => _chains.Select(chain => chain.Head.Name);

    /// <summary>Whether there is such a chain, built in or not.</summary>
    public bool IsChain(string name) => _byName.ContainsKey(name);

    /// <summary>Whether the chain is one of the table's own.</summary>
    public bool IsBuiltIn(string name) => _byName.TryGetValue(name, out var chain) && chain.Head.IsBuiltIn;

    /// <summary>How many rules jump or go to the chain.</summary>
    public int References(string name)
    {
        if (_references is null)
        {
            _references = [];
            foreach (var chain in _chains)
            {
                for (var i = 0; i < chain.Count; i++)
                {
                    if (chain[i].Target is not ChainTarget target) continue;
                    System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_references, target.Chain, out _)++;
                }
            }
        }
        return _references.GetValueOrDefault(name);
    }

    /// <summary>A chain as it is now, or null.</summary>
    public Chain? Find(string name) => _byName.TryGetValue(name, out var chain) ? chain.Build() : null;

    /// <summary>-A.</summary>
    public bool Append(string chain, Rule rule)
    {
        Last = Operation.Other;
        if (!TryFind(chain, out var edited) || !CheckTarget(rule)) return false;
        edited.Edit().Add(rule);
        return Changed();
    }

    /// <summary>-I; <paramref name="index"/> counts from 0.</summary>
    public bool Insert(string chain, Rule rule, int index)
    {
        Last = Operation.Insert;
        if (!TryFind(chain, out var edited)) return false;
        if (index > edited.Count) return Fail(Errno.TooBig);
        if (!CheckTarget(rule)) return false;
        edited.Edit().Insert(index, rule);
        return Changed();
    }

    /// <summary>-R.</summary>
    public bool Replace(string chain, Rule rule, int index)
    {
        Last = Operation.Replace;
        if (!TryFind(chain, out var edited)) return false;
        if (index >= edited.Count) return Fail(Errno.TooBig);
        if (!CheckTarget(rule)) return false;
        edited.Edit()[index] = rule;
        return Changed();
    }

    /// <summary>-D and, without deleting, -C.</summary>
    public bool Delete(string chain, Rule rule, bool onlyCheck)
    {
        Last = Operation.Delete;
        if (!TryFind(chain, out var edited) || !CheckTarget(rule)) return false;
        for (var i = 0; i < edited.Count; i++)
        {
            if (!edited[i].IsSameAs(rule)) continue;
            if (onlyCheck) return true;
            edited.Edit().RemoveAt(i);
            return Changed();
        }
        return Fail(Errno.NotFound);
    }

    /// <summary>-D by number.</summary>
    public bool DeleteNumber(string chain, int index)
    {
        Last = Operation.DeleteNumber;
        if (!TryFind(chain, out var edited)) return false;
        if (index >= edited.Count) return Fail(Errno.TooBig);
        edited.Edit().RemoveAt(index);
        return Changed();
    }

    /// <summary>-F of one chain.</summary>
    public bool Flush(string chain)
    {
        Last = Operation.Other;
        if (!TryFind(chain, out var edited)) return false;
        if (edited.Count > 0) edited.Edit().Clear();
        return Changed();
    }

    /// <summary>-Z of one chain. Rules and counters set by this same change stay as they are, as in libiptc.</summary>
    public bool Zero(string chain)
    {
        Last = Operation.Other;
        if (!TryFind(chain, out var edited)) return false;
        if (edited.Head.Counters != default) edited.Head = edited.Head with { Counters = default };
        for (var i = 0; i < edited.Count; i++)
        {
            if (edited[i] is { Slot: not 0 } rule && rule.Counters != default) edited.Edit()[i] = rule with { Counters = default };
        }
        return Changed();
    }

    /// <summary>-Z of one rule; <paramref name="number"/> counts from 1.</summary>
    public bool ZeroNumber(string chain, int number)
    {
        Last = Operation.ZeroRule;
        if (!TryFind(chain, out var edited)) return false;
        if (number > edited.Count) return Fail(Errno.TooBig);
        if (edited[number - 1] is { Slot: not 0 } rule) edited.Edit()[number - 1] = rule with { Counters = default };
        return Changed();
    }

    /// <summary>-N. User chains stand in the order of their names.</summary>
    public bool CreateChain(string name)
    {
        Last = Operation.CreateChain;
        if (IsChain(name) || name is "ACCEPT" or "DROP" or "QUEUE" or "RETURN") return Fail(Errno.Exists);
        InsertSorted(new EditedChain(new Chain { Name = name }));
        return Changed(rules: false);
    }

    /// <summary>-X of one chain.</summary>
    public bool DeleteChain(string name)
    {
        Last = Operation.Other;
        if (!TryFind(name, out var edited)) return false;
        if (edited.Head.IsBuiltIn) return Fail(Errno.Invalid);
        if (References(name) > 0) return Fail(Errno.TooManyLinks);
        if (edited.Count > 0) return Fail(Errno.NotEmpty);
        _chains.Remove(edited);
        _byName.Remove(name);
        return Changed(rules: false);
    }

    /// <summary>-E. Rules that jump to the chain follow.</summary>
    public bool RenameChain(string name, string newName)
    {
        Last = Operation.Other;
        if (IsChain(newName) || newName is "ACCEPT" or "DROP" or "QUEUE" or "RETURN") return Fail(Errno.Exists);
        if (!TryFind(name, out var edited)) return false;
        if (edited.Head.IsBuiltIn) return Fail(Errno.NotFound);
        if (System.Text.Encoding.UTF8.GetByteCount(newName) > 31) return Fail(Errno.Invalid);
        _chains.Remove(edited);
        _byName.Remove(name);
        edited.Head = edited.Head with { Name = newName };
        InsertSorted(edited);
        foreach (var chain in _chains)
        {
            for (var i = 0; i < chain.Count; i++)
            {
                if (chain[i].Target is ChainTarget target && target.Chain == name)
                    chain.Edit()[i] = chain[i] with { Target = target with { Chain = newName } };
            }
        }
        return Changed();
    }

    /// <summary>-P. The policy's counters start anew, at zero if none are given.</summary>
    public bool SetPolicy(string chain, string policy, Counters counters)
    {
        Last = Operation.SetPolicy;
        if (!TryFind(chain, out var edited)) return false;
        if (!edited.Head.IsBuiltIn) return Fail(Errno.NotFound);
        if (policy is not ("ACCEPT" or "DROP")) return Fail(Errno.Invalid);
        edited.Head = edited.Head with { Policy = policy == "DROP" ? Policy.Drop : Policy.Accept, Counters = counters };
        return Changed();
    }

    /// <summary>A chain that was to be listed is not there.</summary>
    public bool Missing()
    {
        Last = Operation.Other;
        return Fail(Errno.NotFound);
    }

    /// <summary>The table with its changes.</summary>
    public Table Build() => _original with { InUse = true, Chains = [.. _chains.Select(chain => chain.Build())] };

    private bool TryFind(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out EditedChain? chain)
        => _byName.TryGetValue(name, out chain) || Fail(Errno.NotFound);

    /// <summary>
    /// Nothing can jump to a built-in chain. libiptc asks that by a function of its own, which is then the last one called.
    /// </summary>
    private bool CheckTarget(Rule rule)
    {
        if (rule.Target is null or VerdictTarget) return true;
        Last = Operation.Other;
        return rule.Target is not ChainTarget target || !IsBuiltIn(target.Chain) || Fail(Errno.Invalid);
    }

    private void InsertSorted(EditedChain chain)
    {
        var low = _chains.FindIndex(candidate => !candidate.Head.IsBuiltIn);
        if (low < 0) low = _chains.Count;
        for (var high = _chains.Count; low < high;)
        {
            var middle = (low + high) / 2;
            if (string.CompareOrdinal(_chains[middle].Head.Name, chain.Head.Name) < 0) low = middle + 1;
            else high = middle;
        }
        Add(low, chain);
    }

    private void Add(int index, EditedChain chain)
    {
        _chains.Insert(index, chain);
        _byName.Add(chain.Head.Name, chain);
    }

    private bool Changed(bool rules = true)
    {
        if (rules) _references = null;
        IsChanged = true;
        return true;
    }

    private bool Fail(Errno error)
    {
        Error = error;
        return false;
    }

    /// <summary>A chain whose rules are copied when first changed.</summary>
    private sealed class EditedChain(Chain chain)
    {
        private ImmutableArray<Rule>.Builder? _edited;

        public Chain Head { get; set; } = chain;

        public int Count => _edited?.Count ?? Head.Rules.Length;

        public Rule this[int index] => _edited is null ? Head.Rules[index] : _edited[index];

        public ImmutableArray<Rule>.Builder Edit()
        {
            if (_edited is not null) return _edited;
            _edited = ImmutableArray.CreateBuilder<Rule>(Head.Rules.Length + 1);
            _edited.AddRange(Head.Rules);
            return _edited;
        }

        public Chain Build() => _edited is null ? Head : Head = Head with { Rules = _edited.ToImmutable() };
    }
}

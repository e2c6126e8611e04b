using Weir.Iptables.Extensions;
using Weir.Model.Rules;
using Weir.Model.Rules.Matches;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Editing;

/// <summary>
/// What the kernel checks before it takes a table: no chain may lead back into itself, and matches and targets must be where they can work.
/// A rule's hooks are those from which packets can reach it: rules after an unconditional verdict cannot be reached.
/// </summary>
internal static class KernelCheck
{
    /// <summary>Checks a table as the kernel does at commit.</summary>
    public static Errno Check(Table table)
    {
        var walk = new Walk(table);
        foreach (var chain in table.Chains)
        {
            if (chain.Hook is { } hook && !walk.Visit(chain, hook)) return Errno.Loop;
        }
        foreach (var chain in table.Chains)
        {
            var reachable = true;
            var hooks = walk.Hooks(chain);
            foreach (var rule in chain.Rules)
            {
                var context = new KernelContext(table.Kind, reachable ? hooks : default, rule);
                foreach (var match in rule.Matches)
                {
                    if (ExtensionList.Of(match).Check(match, context) is var error and not Errno.None) return error;
                }
                if (rule.Target is not (null or VerdictTarget or ChainTarget)
                    && ExtensionList.Of(rule.Target).Check(rule.Target, context) is var refused and not Errno.None)
                    return refused;
                reachable &= !EndsChain(rule);
            }
        }
        return Errno.None;
    }

    /// <summary>
    /// Whether the kernel certainly takes a rule in a chain, whatever else is in the table: in a built-in chain where it takes it alone, in others where nothing of it
    /// depends on hooks.
    /// </summary>
    public static bool IsFine(TableKind kind, string chain, Rule rule)
    {
        if (rule.Target is ChainTarget) return false;
        var table = Table.Empty(kind);
        for (var i = 0; i < table.Chains.Length; i++)
        {
            if (table.Chains[i].Name == chain) return Check(table with { Chains = table.Chains.SetItem(i, table.Chains[i] with { Rules = [rule] }) }) == Errno.None;
        }
        return rule.Target is null or VerdictTarget && rule.Matches.All(match => match is TcpMatch or UdpMatch or IcmpMatch or MultiportMatch or ConntrackMatch or StateMatch or
            CommentMatch or MarkMatch or LimitMatch or StatisticMatch);
    }

    private static bool EndsChain(Rule rule) => rule.Target is VerdictTarget && rule.IsUnconditional;

    /// <summary>The walks from each hook through the chains.</summary>
    private sealed class Walk(Table table)
    {
        private readonly Dictionary<string, Chain> _chains = table.Chains.ToDictionary(chain => chain.Name);
        private readonly Dictionary<string, HookSet> _hooks = [];
        private readonly HashSet<string> _path = [];
        private readonly Stack<(Chain Chain, int Index)> _walking = [];

        public HookSet Hooks(Chain chain) => _hooks.GetValueOrDefault(chain.Name);

        /// <summary>
        /// False where the chain leads back into a chain that is being walked. Chains may nest deeply, so the path is no recursion.
        /// </summary>
        public bool Visit(Chain start, Hook hook)
        {
            var here = HookSet.Of(hook);
            Enter(start);
            while (_walking.TryPop(out var step))
            {
                var (chain, index) = step;
                if (index >= chain.Rules.Length)
                {
                    _path.Remove(chain.Name);
                    continue;
                }
                var rule = chain.Rules[index];
                _walking.Push((chain, EndsChain(rule) ? chain.Rules.Length : index + 1));
                if (rule.Target is not ChainTarget target) continue;
                if (_path.Contains(target.Chain)) return false;
                // A chain that was walked from this hook has no loop behind it.
                var next = _chains[target.Chain];
                if (!here.IsWithin(Hooks(next))) Enter(next);
            }
            return true;

            void Enter(Chain chain)
            {
                _hooks[chain.Name] = Hooks(chain) | here;
                _path.Add(chain.Name);
                _walking.Push((chain, 0));
            }
        }
    }
}

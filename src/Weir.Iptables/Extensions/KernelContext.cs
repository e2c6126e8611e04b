using Weir.Model.Rules;

namespace Weir.Iptables.Extensions;

/// <summary>Where a rule stands: what the kernel knows when it checks one of its matches or its target.</summary>
internal readonly record struct KernelContext(TableKind Table, HookSet Hooks, Rule Rule)
{
    /// <summary>Whether the rule has exactly this protocol, not inverted.</summary>
    public bool HasProtocol(byte protocol) => Rule.Protocol == protocol && !Rule.InvertProtocol;
}

using Weir.Model;

namespace Weir.Iptables.Extensions;

/// <summary>What is known of a rule while its options are read.</summary>
internal sealed class RuleDraft(AddressFamily family)
{
    /// <summary>The family of the tool.</summary>
    public AddressFamily Family { get; } = family;

    /// <summary>-p as far as read.</summary>
    public byte Protocol { get; set; }

    /// <summary>! -p.</summary>
    public bool InvertProtocol { get; set; }
}

namespace Weir.Model.Rules;

/// <summary>A rule: conditions in their order, a target, and what it has counted.</summary>
public sealed record Rule
{
    /// <summary>A rule of the family without conditions and target.</summary>
    public Rule(AddressFamily family)
    {
        Source = Destination = AddressMask.Any(family);
    }

    /// <summary>-s; <see cref="AddressMask.Any"/> when not given.</summary>
    public AddressMask Source { get; init; }

    /// <summary>-d.</summary>
    public AddressMask Destination { get; init; }

    /// <summary>! -s.</summary>
    public bool InvertSource { get; init; }

    /// <summary>! -d.</summary>
    public bool InvertDestination { get; init; }

    /// <summary>-i.</summary>
    public InterfacePattern InInterface { get; init; } = InterfacePattern.Any;

    /// <summary>-o.</summary>
    public InterfacePattern OutInterface { get; init; } = InterfacePattern.Any;

    /// <summary>! -i.</summary>
    public bool InvertInInterface { get; init; }

    /// <summary>! -o.</summary>
    public bool InvertOutInterface { get; init; }

    /// <summary>-p: the IP protocol's number, 0 for all.</summary>
    public byte Protocol { get; init; }

    /// <summary>! -p.</summary>
    public bool InvertProtocol { get; init; }

    /// <summary>-f: second and later fragments only.</summary>
    public bool Fragment { get; init; }

    /// <summary>! -f: first fragments and whole packets only. Given only with <see cref="Fragment"/>.</summary>
    public bool InvertFragment { get; init; }

    /// <summary>The matches, evaluated in this order.</summary>
    public ValueList<Match> Matches { get; init; } = [];

    /// <summary>What happens; null: only count and go on with the next rule.</summary>
    public Target? Target { get; init; }

    /// <summary>What the rule has counted. See <see cref="IRulesetStore"/> for what a changed value means.</summary>
    public Counters Counters { get; init; }

    /// <summary>The rule's counter slot, given by the store; 0 until then. It stays the same through any other change.</summary>
    public int Slot { get; init; }

    /// <summary>The IP version of the rule.</summary>
    public AddressFamily Family => Source.Family;

    /// <summary>Whether every packet matches: no condition at all.</summary>
    public bool IsUnconditional
        => Source.IsAny && Destination.IsAny && InInterface.IsAny && OutInterface.IsAny && Protocol == 0 && !Fragment
        && Matches.Count == 0
        && !(InvertSource | InvertDestination | InvertInInterface | InvertOutInterface | InvertProtocol | InvertFragment);

    /// <summary>Whether conditions and target are equal, whatever was counted: what -D and -C look for.</summary>
    public bool IsSameAs(Rule other) => Source == other.Source && Destination == other.Destination && Protocol == other.Protocol
        && this with { Counters = default, Slot = 0 } == other with { Counters = default, Slot = 0 };
}

namespace Weir.Iptables.Printing;

/// <summary>Where a saved rule has its counters.</summary>
internal enum CounterPlace
{
    None,
    Before,
    Within,
}

namespace Weir.Model.Rules.Targets;

/// <summary>How a translation chooses within its ranges.</summary>
[Flags]
public enum NatOptions : byte
{
    None = 0,

    /// <summary>--random: ports by a hash with a secret.</summary>
    Random = 1,

    /// <summary>--random-fully: ports by a random number each time.</summary>
    RandomFully = 2,

    /// <summary>--persistent: a client gets the same address for each of its connections.</summary>
    Persistent = 4,
}

namespace Weir.Model.Rules.Matches;

/// <summary>Which conditions of <see cref="ConntrackMatch"/> are inverted.</summary>
[Flags]
public enum ConntrackInversions : ushort
{
    None = 0,
    States = 1,
    Protocol = 2,
    OriginalSource = 4,
    OriginalDestination = 8,
    ReplySource = 16,
    ReplyDestination = 32,
    Status = 64,
    Expires = 128,
    OriginalSourcePorts = 256,
    OriginalDestinationPorts = 512,
    ReplySourcePorts = 1024,
    ReplyDestinationPorts = 2048,
}

namespace Weir.Model.Rules.Targets;

/// <summary>What the targets that translate have in common: a range of ports and how to choose in it.</summary>
public abstract record NatTarget(PortRange? Ports, NatOptions Options) : Target;

namespace Weir.Model.Rules.Targets;

/// <summary>
/// Addresses from <see cref="Min"/> to <see cref="Max"/>, both inside. As typed: Max may be below Min, as iptables allows.
/// </summary>
public readonly record struct AddressRange(Address Min, Address Max);

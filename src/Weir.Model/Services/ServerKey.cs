namespace Weir.Model;

/// <summary>What a real server is found by within its service.</summary>
public readonly record struct ServerKey(Address Address, ushort Port);

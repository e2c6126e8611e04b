using Weir.Bpf.Links;

namespace Weir.Bpf.Netlink;

/// <summary>A BPF filter at a device's clsact.</summary>
/// <param name="Direction">Which way.</param>
/// <param name="Priority">Lower runs first.</param>
/// <param name="Handle">Its number among those of the same priority.</param>
/// <param name="Name">Its name.</param>
/// <param name="ProgramId">The program's id.</param>
public sealed record TcFilter(TcDirection Direction, int Priority, uint Handle, string Name, uint ProgramId);

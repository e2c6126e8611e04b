namespace Weir.Kubernetes.Tests.Vectors;

/// <summary>What becomes of a first packet.</summary>
/// <param name="Verdict">NONE, ACCEPT, DROP, REJECT or DNAT.</param>
/// <param name="Endpoints">The endpoints that it can go to, in order.</param>
/// <param name="IsMasqueraded">Whether its source is translated.</param>
internal sealed record FlowVerdict(string Verdict, string Endpoints = "", bool IsMasqueraded = false);

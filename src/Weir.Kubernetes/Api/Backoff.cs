namespace Weir.Kubernetes.Api;

/// <summary>How long to wait before the next attempt: twice as long each time up to a limit, and up to twice that by chance, so that the nodes of a cluster do not all come at once.</summary>
internal sealed class Backoff
{
    private readonly TimeSpan _first;
    private readonly TimeSpan _longest;
    private readonly Random _random;
    private TimeSpan _next;

    public Backoff(TimeSpan first, TimeSpan longest, Random random) => (_first, _longest, _random, _next) = (first, longest, random, first);

    public TimeSpan Next()
    {
        var wait = _next * (1 + _random.NextDouble());
        _next = _next * 2 > _longest ? _longest : _next * 2;
        return wait;
    }

    public void Reset() => _next = _first;
}

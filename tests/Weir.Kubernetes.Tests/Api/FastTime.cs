namespace Weir.Kubernetes.Tests.Api;

/// <summary>The clock, with timers that run off so many times as fast.</summary>
internal sealed class FastTime(int factor) : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / factor : dueTime, period > TimeSpan.Zero ? period / factor : period);
}

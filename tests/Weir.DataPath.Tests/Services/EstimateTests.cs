using Weir.DataPath.Services;

namespace Weir.DataPath.Tests.Services;

/// <summary>Rates that are moved on when there is something to count, against an estimator that a timer moves on in every tick.</summary>
public sealed unsafe class EstimateTests
{
    private const long MostBytes = 1L << 36;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Lazily_moved_rates_are_those_of_a_timer(int seed)
    {
        var random = new Random(seed);
        var lazy = default(Estimate);
        var counted = default(Traffic);
        var (connections, bytes) = (new TimedRate(), new TimedRate());
        uint idle = 0;
        for (var tick = 0; tick < 2000; tick++)
        {
            // What was counted in this tick; often nothing, sometimes for long.
            var isBusy = tick / 100 % 3 != 1 && random.Next(3) == 0;
            var (newConnections, newBytes) = isBusy ? (random.Next(1000), random.NextInt64(MostBytes)) : (0, 0);
            connections.Tick(newConnections);
            bytes.Tick(newBytes);
            if (isBusy)
            {
                // The first packet of the tick moves the estimate on, then it is counted.
                if (idle > 0) Estimates.Advance(&lazy, &counted, idle);
                idle = 0;
                counted.Connections += (ulong)newConnections;
                counted.InBytes += (ulong)newBytes;
            }
            idle++;
            // A reader after the tick's end.
            var copy = lazy;
            Estimates.Advance(&copy, &counted, idle);
            // Rounding differs by a few parts of 1024 in every tick; after many without traffic it matters, when next to nothing is left.
            Assert.InRange((double)copy.Average.Connections, connections.Average - 8, connections.Average + 8);
            var tolerance = 8 + (bytes.Average * 1e-6) + (MostBytes * 1024 * 1e-9);
            Assert.InRange((double)copy.Average.InBytes, bytes.Average - tolerance, bytes.Average + tolerance);
        }
    }

    [Fact]
    public void A_rate_ends_when_nothing_was_counted_for_long()
    {
        var estimate = default(Estimate);
        estimate.Average.InBytes = ulong.MaxValue >> 2;
        var counted = default(Traffic);
        Estimates.Advance(&estimate, &counted, 1_000_000);
        Assert.Equal(0ul, estimate.Average.InBytes);
    }

    private sealed class TimedRate
    {
        public double Average { get; private set; }

        public void Tick(long counted) => Average += (counted * 1024.0 - Average) / 4;
    }
}

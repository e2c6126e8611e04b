namespace Weir.Control.Services;

/// <summary>What the wrr scheduler knows of its servers' weights, and what a change of them does to where it stands (ip_vs_wrr).</summary>
/// <param name="MaxWeight">The weight that a turn starts from: the greatest one, less the step, plus one; 0 when no server takes connections.</param>
/// <param name="Step">How far the current weight falls from round to round: the greatest common divisor of the weights.</param>
public readonly record struct WeightedRoundRobinMark(uint MaxWeight, uint Step)
{
    /// <summary>The values for a list of servers.</summary>
    public static WeightedRoundRobinMark Of(ReadOnlySpan<WeightedServer> servers)
    {
        int greatest = 0, divisor = 0;
        foreach (var server in servers)
        {
            greatest = Math.Max(greatest, server.Weight);
            if (server.Weight > 0) divisor = GreatestCommonDivisor(divisor, server.Weight);
        }
        var step = Math.Max(divisor, 1);
        return new WeightedRoundRobinMark((uint)Math.Max(greatest - (step - 1), 0), (uint)step);
    }

    /// <summary>
    /// The current weight after servers were added, changed or removed. The kernel does this at each single change, and the order shows: a service
    /// whose servers came with weights 1, 2, 3 starts with a round at weight 1. The position goes back to the head of the list.
    /// </summary>
    public uint CurrentWeightAfter(uint currentWeight)
    {
        if (currentWeight > MaxWeight || currentWeight == 0) return MaxWeight;
        return Step > 1 ? currentWeight / Step * Step + 1 : currentWeight;
    }

    private static int GreatestCommonDivisor(int a, int b)
    {
        while (b != 0) (a, b) = (b, a % b);
        return a;
    }
}

namespace Weir.DataPath;

/// <summary>Counting in <see cref="Maps.Stats"/>.</summary>
internal static unsafe class Statistics
{
    public static void FlowsCreated()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->FlowsCreated++;
    }

    public static void FlowsExpired()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->FlowsExpired++;
    }

    public static void FlowsEvicted()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->FlowsEvicted++;
    }

    public static void FlowsFull()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->FlowsFull++;
    }

    public static void NoPort()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->NoPort++;
    }

    public static void InvalidPackets()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->InvalidPackets++;
    }

    public static void MalformedDropped()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->MalformedDropped++;
    }

    public static void FragmentsUnknown()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->FragmentsUnknown++;
    }

    public static void LogsLost()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->LogsLost++;
    }

    public static void WalkOverruns()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->WalkOverruns++;
    }

    public static void ServiceNoServer()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->ServiceNoServer++;
    }

    public static void SentByXdp()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->SentByXdp++;
    }

    public static void AnswersFailed()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->AnswersFailed++;
    }

    public static void RewriteFailed()
    {
        var stats = Maps.Stats.At(0);
        if (stats != null) stats->RewriteFailed++;
    }
}

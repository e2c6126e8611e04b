using System.Diagnostics;

namespace Weir.Kernel.Tests.Networks;

/// <summary>For what no event tells of: looks again and again, for a while.</summary>
internal static class Wait
{
    /// <summary>Whether the condition holds within ten seconds.</summary>
    public static bool Until(Func<bool> condition)
    {
        for (var since = Stopwatch.StartNew(); !condition();)
        {
            if (since.Elapsed > TimeSpan.FromSeconds(10)) return condition();
            Thread.Sleep(20);
        }
        return true;
    }
}

using Weir.Model.Rules;

namespace Weir.Iptables.Parsing;

/// <summary>-w and -W.</summary>
internal static class WaitOption
{
    /// <summary>The seconds, -1 for no end.</summary>
    public static int Seconds(Getopt getopt)
    {
        var text = getopt.Value ?? (getopt.HasArgument ? getopt.Arguments[getopt.Index++] : null);
        if (text is null) return -1;
        // scanf's %i: a sign, then decimal, octal or hexadecimal; what follows does not matter.
        var negative = text.TrimStart().StartsWith('-');
        var digits = negative ? text.TrimStart()[1..] : text;
        if (!CNumber.TryParse(digits, 0, 0, int.MaxValue, out var value, out _))
            throw CommandException.Parameter("wait seconds not numeric");
        return negative ? -(int)value : (int)value;
    }

    /// <summary>The wait for the lock that the seconds stand for. 0, which is also what no -w means, is no end: 1.8.9 sets an alarm of so many seconds, and 0 sets none.</summary>
    public static LockWait Wait(int seconds) => seconds <= 0 ? LockWait.Forever : new LockWait(TimeSpan.FromSeconds(seconds));

    /// <summary>Reads the interval, which has no meaning any more; returns what the original says then.</summary>
    public static string Interval(Getopt getopt)
    {
        var text = getopt.Value ?? (getopt.HasArgument ? getopt.Arguments[getopt.Index++] : null);
        if (text is null) throw CommandException.Parameter("wait interval value required");
        if (!CNumber.TryScan(text, out var microseconds)) throw CommandException.Parameter("wait interval not numeric");
        if ((uint)microseconds > 999999) throw CommandException.Parameter($"too long usec wait {(uint)microseconds} > 999999 usec");
        return "Ignoring deprecated --wait-interval option.\n";
    }
}

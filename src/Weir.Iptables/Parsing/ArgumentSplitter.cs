using System.Text;

namespace Weir.Iptables.Parsing;

/// <summary>Splits a line of iptables-restore into arguments: at blanks, with double quotes, and backslashes within them.</summary>
internal static class ArgumentSplitter
{
    private const int MaxArguments = 255;
    private const int MaxLength = 1023;

    /// <summary>Adds the line's arguments.</summary>
    public static void Split(string line, List<string> arguments)
    {
        var argument = new StringBuilder();
        var inQuotes = false;
        var escaped = false;
        foreach (var c in line)
        {
            if (inQuotes)
            {
                if (escaped)
                {
                    Add(c);
                    escaped = false;
                    continue;
                }
                if (c == '\\')
                {
                    escaped = true;
                    continue;
                }
                if (c != '"')
                {
                    Add(c);
                    continue;
                }
                // The end of the quotes ends the argument, which may be empty.
                inQuotes = false;
                End();
                continue;
            }
            if (c == '"') inQuotes = true;
            else if (c is not (' ' or '\t' or '\n')) Add(c);
            else if (argument.Length > 0) End();
        }
        if (argument.Length > 0) End();

        void Add(char c)
        {
            argument.Append(c);
            if (argument.Length > MaxLength) throw CommandException.Parameter("Parameter too long!");
        }

        void End()
        {
            if (arguments.Count + 1 >= MaxArguments) throw CommandException.Parameter("Parser cannot handle more arguments");
            arguments.Add(argument.ToString());
            argument.Clear();
        }
    }
}

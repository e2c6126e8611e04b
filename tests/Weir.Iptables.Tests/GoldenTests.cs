using System.Text;
using Weir.Iptables.Tests.Support;

namespace Weir.Iptables.Tests;

/// <summary>Captured sessions of iptables-legacy 1.8.9, command by command.</summary>
public sealed class GoldenTests
{
    [Theory]
    [InlineData("walkthrough.txt")]
    [InlineData("extensions.txt")]
    [InlineData("errors.txt")]
    [InlineData("restore.txt")]
    public void Session_IsAnsweredAsByTheOriginal(string file)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Golden", file);
        var expected = File.ReadAllText(path);
        Assert.Equal(expected, Replay(expected));
    }

    /// <summary>The session with Weir's answers in place of the captured ones.</summary>
    private static string Replay(string session)
    {
        var replayed = new StringBuilder();
        var store = new MemoryStore();
        string? command = null;
        var input = new StringBuilder();
        foreach (var line in session.TrimEnd('\n').Split('\n'))
        {
            switch (line)
            {
                case ['#', ..]:
                    replayed.Append(line).Append('\n');
                    break;
                case "":
                    store = new MemoryStore();
                    replayed.Append('\n');
                    break;
                case ['$', ' ', ..]:
                    command = line[2..];
                    replayed.Append(line).Append('\n');
                    break;
                case ['<', ' ', ..]:
                    input.Append(line[2..]).Append('\n');
                    replayed.Append(line).Append('\n');
                    break;
                case ['=', ..]:
                    var words = Words(command!);
                    var outcome = Tools.Run(store, words[0], words[1..], input.ToString(), FixedNames.Instance);
                    Append(replayed, "| ", outcome.Output);
                    Append(replayed, "! ", outcome.Errors);
                    replayed.Append("= ").Append(outcome.ExitCode).Append('\n');
                    input.Clear();
                    break;
            }
        }
        return replayed.ToString();
    }

    private static void Append(StringBuilder replayed, string mark, string text)
    {
        if (text.Length == 0) return;
        foreach (var line in text[..^1].Split('\n'))
        {
            replayed.Append(mark).Append(line.StartsWith("# ", StringComparison.Ordinal) ? line.Split(" on ")[0] : line).Append('\n');
        }
    }

    /// <summary>Words as the shell has them, with double quotes.</summary>
    private static List<string> Words(string command)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var quoted = false;
        for (var i = 0; i <= command.Length; i++)
        {
            var c = i < command.Length ? command[i] : ' ';
            if (c == '"') quoted = !quoted;
            else if (c == '\\') word.Append(command[++i]);
            else if (c != ' ' || quoted) word.Append(c);
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }
        return words;
    }
}

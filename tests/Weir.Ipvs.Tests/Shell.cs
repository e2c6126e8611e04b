using Weir.Model;

namespace Weir.Ipvs.Tests;

/// <summary>Runs commands against a store.</summary>
internal static class Shell
{
    public static (int ExitCode, string Output, string Error) Run(
        IServiceStore store, string program, string[] arguments, string input = "")
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var exitCode = IpvsadmCommand.Run(program, arguments, new StringReader(input), output, error, store, TestNames.Resolver);
        return (exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command that must succeed; returns what it wrote.</summary>
    public static string Do(IServiceStore store, string arguments)
    {
        var (exitCode, output, error) = Run(store, "ipvsadm", Words(arguments));
        Assert.Equal((0, ""), (exitCode, error));
        return output;
    }

    /// <summary>The words of a line; single quotes hold blanks together.</summary>
    public static string[] Words(string line)
    {
        var words = new List<string>();
        string? word = null;
        var quoted = false;
        foreach (var character in line)
        {
            if (character == '\'')
            {
                quoted = !quoted;
                word ??= "";
            }
            else if (character == ' ' && !quoted)
            {
                if (word is not null) words.Add(word);
                word = null;
            }
            else
            {
                word += character;
            }
        }
        if (word is not null) words.Add(word);
        return [.. words];
    }
}

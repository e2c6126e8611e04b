using System.Diagnostics;

namespace Weir.Bench;

/// <summary>Runs other programs.</summary>
internal static class Shell
{
    /// <summary>The path of one of Weir's tools: beside this binary.</summary>
    public static string Weir(string tool) => Path.Combine(Path.GetDirectoryName(Environment.ProcessPath)!, tool);

    /// <summary>What the command prints. It must succeed.</summary>
    public static string Run(string command, string? input = null)
    {
        var (code, output, error) = Execute(command, input);
        return code == 0 ? output : throw new InvalidOperationException($"'{command}' exited with {code}: {error}");
    }

    public static void Try(string command) => Execute(command, null);

    private static (int Code, string Output, string Error) Execute(string command, string? input)
    {
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var start = new ProcessStartInfo(words[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in words[1..]) start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        if (input is not null) process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}

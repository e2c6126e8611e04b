using System.Diagnostics;

namespace Weir.Kernel.Tests.Networks;

/// <summary>Runs other programs.</summary>
internal static class Shell
{
    /// <summary>The checkout: the folder with the solution file.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>One of Weir's tools, as built by demo/build.</summary>
    public static string Weir(string tool)
    {
        var path = Path.Combine(Root, "bin", tool);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: run demo/build (./test does)");
    }

    /// <summary>Runs a command to its end.</summary>
    public static (int Code, string Output, string Error) Execute(IEnumerable<string> words, string? input = null)
    {
        var all = words.ToArray();
        var start = new ProcessStartInfo(all[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in all[1..]) start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        try
        {
            if (input is not null) process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading its input; its exit code says why.
        }
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }

    /// <summary>What a command that must succeed prints.</summary>
    public static string Run(string command, string? input = null)
    {
        var (code, output, error) = Execute(command.Split(' ', StringSplitOptions.RemoveEmptyEntries), input);
        return code == 0 ? output : throw new InvalidOperationException($"'{command}' exited with {code}: {error}{output}");
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Weir.slnx"))) return folder;
        }
        throw new InvalidOperationException("the tests do not run below a checkout");
    }
}

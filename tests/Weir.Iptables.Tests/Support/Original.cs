using System.Diagnostics;

namespace Weir.Iptables.Tests.Support;

/// <summary>The real iptables-legacy in a network namespace of its own. Needs root and Debian's iptables.</summary>
internal sealed class Original : IDisposable
{
    private const string Binary = "/usr/sbin/xtables-legacy-multi";

    private readonly string _namespace = $"weir-ipt-{Guid.NewGuid():N}"[..20];
    private readonly DirectoryInfo _links = Directory.CreateTempSubdirectory("weir-ipt-");

    public Original()
    {
        // By these names, so that the names in messages are the same.
        foreach (var name in (string[])["iptables", "iptables-save",
            "iptables-restore"]) File.CreateSymbolicLink(Path.Combine(_links.FullName, name), Binary);
        Check(Start("ip", ["netns", "add", _namespace], ""));
    }

    public Outcome Run(string program, IReadOnlyList<string> arguments, string input = "")
        => Start("ip", ["netns", "exec", _namespace, program, .. arguments], input);

    public void Dispose()
    {
        Check(Start("ip", ["netns", "del", _namespace], ""));
        _links.Delete(recursive: true);
    }

    private static void Check(Outcome outcome) => Assert.True(outcome.ExitCode == 0, outcome.Errors);

    private Outcome Start(string file, IReadOnlyList<string> arguments, string input)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment["PATH"] = $"{_links.FullName}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The tool need not read what it is given.
        }
        if (!process.WaitForExit(20_000))
        {
            process.Kill();
            throw new TimeoutException($"{file} {string.Join(' ', arguments)}");
        }
        return new Outcome(process.ExitCode, output.Result, errors.Result);
    }
}

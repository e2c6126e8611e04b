using System.Diagnostics;
using System.Globalization;

namespace Weir.Bench;

/// <summary><c>weir proxy</c> beside a stand-in for the API server: from start to everything programmed, the same with everything there, one change, memory.</summary>
internal static class Proxy
{
    private const int Services = 10_000;

    public static void Measure(int rounds)
    {
        foreach (var endpoints in new[] { 2, 10 })
        {
            var title = $"weir proxy, {Services:N0} Services with {Services * endpoints:N0} endpoints";
            var times = new Samples(title, "milliseconds", false, compares: false);
            var memory = new Samples(title, "megabytes", false, compares: false);
            for (var round = 0; round < rounds; round++)
            {
                using var topology = new Topology("k");
                using var server = topology.Serve(topology.Server, "8000");
                using var api = Start(topology.Router, $"{Environment.ProcessPath} api {Services} {endpoints}");
                api.StandardOutput.ReadLine();
                try
                {
                    Follow(topology, api, "started", times, memory);
                    Follow(topology, api, "started again", times, memory);
                }
                finally
                {
                    api.Kill(true);
                    server.Kill(true);
                }
            }
            times.Print();
            memory.Print();
        }
    }

    private static void Follow(Topology topology, Process api, string name, Samples times, Samples memory)
    {
        var start = Interop.Now();
        using var proxy = Start(topology.Router, $"{Shell.Weir("weir")} proxy --master http://127.0.0.1:8080 --hostname-override=node -v=2");
        try
        {
            var line = Await(proxy.StandardError, "Synchronized in ");
            times.Add($"{name}: until everything is programmed", (Interop.Now() - start) / 1e6);
            times.Add($"{name}: of that, without listing", double.Parse(line[(line.IndexOf("Synchronized in ", StringComparison.Ordinal) + 16)..].Split(' ')[0], CultureInfo.InvariantCulture));
            // Its lines must go on being read.
            _ = proxy.StandardError.ReadToEndAsync();
            if (name == "started") times.Add("one endpoint more: from the event to the first connection", FirstConnection(topology, api));
            memory.Add($"{name}: most", MegabytesOf(proxy, "VmHWM:"));
            memory.Add($"{name}: afterwards", MegabytesOf(proxy, "VmRSS:"));
        }
        finally
        {
            proxy.Kill(true);
            proxy.WaitForExit();
        }
    }

    /// <summary>A client tries all the time; then the event is sent, alone (changes that follow one another are taken together).</summary>
    private static double FirstConnection(Topology topology, Process api)
    {
        using var client = Start(topology.Client, $"{Environment.ProcessPath} reach 10.96.0.0 80");
        client.StandardOutput.ReadLine();
        Thread.Sleep(2000);
        api.StandardInput.WriteLine("10.2.0.2");
        api.StandardInput.Flush();
        var sent = long.Parse(api.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        return (long.Parse(client.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture) - sent) / 1e6;
    }

    private static double MegabytesOf(Process process, string what)
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith(what, StringComparison.Ordinal));
        return double.Parse(line.Split(' ', '\t').Where(word => word.Length > 0).ElementAt(1), CultureInfo.InvariantCulture) / 1024;
    }

    private static string Await(StreamReader lines, string text)
    {
        while (lines.ReadLine() is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal)) return line;
        }
        throw new InvalidOperationException($"no line with '{text}' came");
    }

    private static Process Start(string host, string command) => Process.Start(new ProcessStartInfo("ip", $"netns exec {host} {command}")
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}

using System.ComponentModel;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Weir.Model;

namespace Weir.Kubernetes.Takeover;

/// <summary>
/// Removes what a kube-proxy that ran on this node has left in the kernel, with the system's own tools: rules of iptables in both of its kinds, the sets, the
/// tables of nft, the virtual services of the kernel's ip_vs. What is not kube-proxy's stays. A tool that is not installed has left nothing.
/// </summary>
/// <param name="logger">Where each thing that is removed is named.</param>
/// <param name="through">A command, with arguments, that the tools are run by: another namespace's; none by default.</param>
public sealed class KubeProxyRemains(ILogger logger, IReadOnlyList<string>? through = null)
{
    /// <summary>Both kinds of iptables; a system may have rules of each.</summary>
    private static readonly string[] s_iptables = ["iptables-legacy", "ip6tables-legacy", "iptables-nft", "ip6tables-nft"];

    /// <summary>Removes it.</summary>
    /// <param name="excluded">Virtual services of ip_vs in these prefixes are not kube-proxy's.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <returns>Whether nothing is left.</returns>
    public async Task<bool> RemoveAsync(IReadOnlyList<AddressMask> excluded, CancellationToken cancellation)
    {
        var isDone = true;
        foreach (var tool in s_iptables) isDone &= await RemoveRulesAsync(tool, cancellation);
        foreach (var family in (string[])["ip", "ip6"]) isDone &= await RemoveTableAsync(family, cancellation);
        isDone &= await RemoveSetsAsync(cancellation);
        isDone &= await RemoveServicesAsync(excluded, cancellation);
        return isDone;
    }

    private async Task<bool> RemoveRulesAsync(string tool, CancellationToken cancellation)
    {
        if (await RunAsync($"{tool}-save", [], null, cancellation) is not { } saved) return true;
        // A kernel without that kind of tables has no rules of it.
        if (saved.Code != 0 || KubeProxyChains.Removal(saved.Output) is not { } removal) return true;
        var result = await RunAsync($"{tool}-restore", ["--noflush"], removal, cancellation);
        return Report(result, $"kube-proxy's chains of {tool}");
    }

    private async Task<bool> RemoveTableAsync(string family, CancellationToken cancellation)
    {
        if (await RunAsync("nft", ["list", "tables", family], null, cancellation) is not { Code: 0 } tables) return true;
        if (!tables.Output.Split('\n').Contains($"table {family} kube-proxy")) return true;
        return Report(await RunAsync("nft", ["delete", "table", family, "kube-proxy"], null, cancellation), $"nft's table {family} kube-proxy");
    }

    private async Task<bool> RemoveSetsAsync(CancellationToken cancellation)
    {
        if (await RunAsync("ipset", ["list", "-n"], null, cancellation) is not { Code: 0 } sets) return true;
        var isDone = true;
        foreach (var name in sets.Output.Split('\n').Where(KubeProxySets.IsOwn))
            isDone &= Report(await RunAsync("ipset", ["destroy", name], null, cancellation), $"the set {name}");
        return isDone;
    }

    /// <summary>kube-proxy's ipvs mode takes every virtual service for its own, but for the excluded prefixes; without its device that mode did not run.</summary>
    private async Task<bool> RemoveServicesAsync(IReadOnlyList<AddressMask> excluded, CancellationToken cancellation)
    {
        if (!File.Exists("/proc/net/ip_vs") || !Directory.Exists("/sys/class/net/kube-ipvs0")) return true;
        var isDone = true;
        foreach (var (option, service) in Services(await File.ReadAllTextAsync("/proc/net/ip_vs", cancellation), excluded))
            isDone &= Report(await RunAsync("ipvsadm", ["-D", option, service], null, cancellation), $"the virtual service {service} of ip_vs");
        return isDone;
    }

    /// <summary>Virtual services of /proc/net/ip_vs, as ipvsadm names them: lines like "TCP  0A600001:0050 rr", IPv6 as "[2001:0db8:…]:0050".</summary>
    internal static IEnumerable<(string Option, string Service)> Services(string listing, IReadOnlyList<AddressMask> excluded)
    {
        foreach (var line in listing.Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || words[0] is not ("TCP" or "UDP" or "SCTP")) continue;
            var colon = words[1].LastIndexOf(':');
            if (colon < 0 || !ushort.TryParse(words[1].AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var port)) continue;
            var text = words[1][..colon];
            Address address;
            if (text.StartsWith('['))
            {
                if (!Address.TryParse(text.Trim('[', ']'), out address)) continue;
            }
            else if (uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits))
            {
                address = Address.FromIPv4(bits);
            }
            else
            {
                continue;
            }
            if (excluded.Any(prefix => prefix.Contains(address))) continue;
            yield return (words[0] switch { "TCP" => "-t", "UDP" => "-u", _ => "--sctp-service" }, address.IsIPv4 ? $"{address}:{port}" : $"[{address}]:{port}");
        }
    }

    private bool Report((int Code, string Output, string Errors)? result, string what)
    {
        if (result is { Code: 0 })
        {
            logger.LogInformation("Removed {what}", what);
            return true;
        }
        logger.LogError("{what} could not be removed: {problem}", what, result is { } failed ? failed.Errors.Trim() : "the tool is not installed");
        return false;
    }

    /// <summary>Runs a tool of the system; null where there is none, or where the one that is found is Weir.</summary>
    private async Task<(int Code, string Output, string Errors)?> RunAsync(string tool, string[] arguments, string? input, CancellationToken cancellation)
    {
        if (Find(tool) is not { } path) return null;
        using var process = new System.Diagnostics.Process();
        string[] command = [.. through ?? [], path, .. arguments];
        process.StartInfo = new(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            return null;
        }
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, await output, await errors);
    }

    private static string? Find(string tool)
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin", "/usr/bin"]))
        {
            var path = Path.Combine(folder, tool);
            if (!File.Exists(path)) continue;
            // Weir goes by the names of these tools too.
            if (File.ResolveLinkTarget(path, returnFinalTarget: true) is { Name: "weir" }) continue;
            return path;
        }
        return null;
    }
}

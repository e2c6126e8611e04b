using System.Text;

namespace Weir.Kubernetes.Takeover;

/// <summary>
/// Which rules of iptables kube-proxy made, and what takes them away. Chains of the kubelet (KUBE-FIREWALL, KUBE-KUBELET-CANARY, KUBE-IPTABLES-HINT) and of
/// everyone else stay.
/// </summary>
public static class KubeProxyChains
{
    private static readonly HashSet<string> s_names =
    [
        "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ", "KUBE-FORWARD", "KUBE-PROXY-FIREWALL", "KUBE-PROXY-CANARY",
        // The ipvs mode's.
        "KUBE-NODE-PORT", "KUBE-LOAD-BALANCER", "KUBE-SOURCE-RANGES-FIREWALL", "KUBE-IPVS-FILTER", "KUBE-IPVS-OUT-FILTER",
    ];

    /// <summary>One for each service or endpoint: KUBE-SVC-XPGD46QRK7WJZT7O.</summary>
    private static readonly string[] s_prefixes = ["KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-", "KUBE-EXT-", "KUBE-FW-", "KUBE-XLB-"];

    private static readonly HashSet<string> s_builtin = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

    /// <summary>Whether a chain of that name is kube-proxy's.</summary>
    public static bool IsOwn(string chain) => s_names.Contains(chain) || s_prefixes.Any(prefix => chain.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>
    /// Makes the input of iptables-restore --noflush that removes them: null where there are none. What chains of others jump to stays (the CNI plugin portmap
    /// can be told to mark with KUBE-MARK-MASQ, and then needs KUBE-POSTROUTING too), without what refers to kube-proxy's sets.
    /// </summary>
    /// <param name="saved">What iptables-save printed.</param>
    public static string? Removal(string saved)
    {
        var result = new StringBuilder();
        var table = "";
        var chains = new List<string>();
        var rules = new List<string>();
        foreach (var line in saved.Split('\n'))
        {
            if (line.StartsWith('*'))
            {
                table = line;
                chains.Clear();
                rules.Clear();
            }
            else if (line.StartsWith(':'))
            {
                chains.Add(line[1..line.IndexOf(' ')]);
            }
            else if (line.StartsWith("-A ", StringComparison.Ordinal))
            {
                rules.Add(line[3..]);
            }
            else if (line == "COMMIT")
            {
                AddTable(result, table, chains, rules);
            }
        }
        return result.Length > 0 ? result.ToString() : null;
    }

    private static void AddTable(StringBuilder result, string table, List<string> chains, List<string> rules)
    {
        var kept = rules.Where(rule => !IsOwn(ChainOf(rule)) && !s_builtin.Contains(ChainOf(rule))).Select(TargetOf).Where(IsOwn).ToHashSet();
        if (kept.Contains("KUBE-MARK-MASQ")) kept.Add("KUBE-POSTROUTING");
        var gone = chains.Where(chain => IsOwn(chain) && !kept.Contains(chain)).ToArray();
        // kube-proxy's own jumps are all in the chains that there always are.
        var removed = rules.Where(rule => (s_builtin.Contains(ChainOf(rule)) && gone.Contains(TargetOf(rule)))
            || (kept.Contains(ChainOf(rule)) && (gone.Contains(TargetOf(rule)) || rule.Contains("--match-set KUBE-", StringComparison.Ordinal)))).ToArray();
        if (gone.Length + removed.Length == 0) return;
        // In one transaction: no packet meets half of it. Chains are emptied (by their line), no longer used, and gone.
        result.Append(table).Append('\n');
        foreach (var name in gone) result.Append($":{name} - [0:0]\n");
        foreach (var rule in removed) result.Append($"-D {rule}\n");
        foreach (var name in gone) result.Append($"-X {name}\n");
        result.Append("COMMIT\n");
    }

    private static string ChainOf(string rule) => rule[..rule.IndexOf(' ')];

    private static string TargetOf(string rule)
    {
        // A comment may hold anything, also -j.
        var isQuoted = false;
        for (var i = 0; i < rule.Length; i++)
        {
            if (rule[i] == '\\' && isQuoted) i++;
            else if (rule[i] == '"') isQuoted = !isQuoted;
            else if (!isQuoted && (rule.AsSpan(i).StartsWith(" -j ") || rule.AsSpan(i).StartsWith(" -g ")))
                return rule[(i + 4)..] is var rest && rest.IndexOf(' ') is var end and >= 0 ? rest[..end] : rest;
        }
        return "";
    }
}

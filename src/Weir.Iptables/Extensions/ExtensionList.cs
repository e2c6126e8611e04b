using System.Collections.Frozen;
using Weir.Iptables.Extensions.Matches;
using Weir.Iptables.Extensions.Targets;

namespace Weir.Iptables.Extensions;

/// <summary>Every match and target there is.</summary>
internal static class ExtensionList
{
    /// <summary>The matches.</summary>
    public static readonly Extension[] Matches =
    [
        new TcpExtension(),
        new UdpExtension(),
        new IcmpExtension(),
        new MultiportExtension(),
        new ConntrackExtension(),
        new StateExtension(),
        new StatisticExtension(),
        new ConnlimitExtension(),
        new LimitExtension(),
        new MarkExtension(),
        new CommentExtension(),
        new AddrtypeExtension(),
    ];

    /// <summary>The targets; ACCEPT, DROP, RETURN and chains take no options and are built in.</summary>
    public static readonly Extension[] Targets =
    [
        new RejectExtension(),
        new LogExtension(),
        new DnatExtension(),
        new SnatExtension(),
        new MasqueradeExtension(),
        new RedirectExtension(),
        new MarkTargetExtension(),
    ];

    /// <summary>Matches that the original has and Weir does not (yet).</summary>
    public static readonly FrozenSet<string> UnsupportedMatches = FrozenSet.ToFrozenSet(
    [
        "ah", "bpf", "cgroup", "cluster", "connbytes", "connlabel", "connmark", "cpu", "dccp", "devgroup", "dscp", "ecn", "esp",
        "hashlimit", "helper",
        "ipcomp", "iprange", "ipvs", "length", "mac", "nfacct", "osf", "owner", "physdev", "pkttype", "policy", "quota", "rateest",
        "realm", "recent",
        "rpfilter", "sctp", "set", "socket", "string", "tcpmss", "time", "tos", "ttl", "u32",
    ]);

    /// <summary>Targets that the original has and Weir does not (yet).</summary>
    public static readonly FrozenSet<string> UnsupportedTargets = FrozenSet.ToFrozenSet(
    [
        "QUEUE", "AUDIT", "CHECKSUM", "CLASSIFY", "CLUSTERIP", "CONNMARK", "CONNSECMARK", "CT", "DSCP", "ECN", "HMARK", "IDLETIMER", "LED",
        "NETMAP", "NFLOG",
        "NFQUEUE", "NOTRACK", "RATEEST", "SECMARK", "SET", "SYNPROXY", "TCPMSS", "TCPOPTSTRIP", "TEE", "TOS", "TPROXY", "TRACE", "TTL",
        "ULOG",
    ]);

    private static readonly FrozenDictionary<Type, Extension> ByRecord = Matches.Concat(Targets)
        .ToFrozenDictionary(extension => extension.Record);
    private static readonly FrozenDictionary<string, Extension> MatchesByName = Matches.ToFrozenDictionary(extension => extension.Name);
    private static readonly FrozenDictionary<string, Extension> TargetsByName = Targets.ToFrozenDictionary(extension => extension.Name);

    /// <summary>The match of a name, or null.</summary>
    public static Extension? FindMatch(string name) => MatchesByName.GetValueOrDefault(name);

    /// <summary>The target of a name, or null.</summary>
    public static Extension? FindTarget(string name) => TargetsByName.GetValueOrDefault(name);

    /// <summary>The extension of a match's or target's record.</summary>
    public static Extension Of(object record) => ByRecord[record.GetType()];

    /// <summary>Whether the original takes the name for a target, so that no chain may have it.</summary>
    public static bool IsTargetName(string name)
        => name is "" or "ACCEPT" or "DROP" or "RETURN" or "standard" || TargetsByName.ContainsKey(name)
        || UnsupportedTargets.Contains(name);
}

using System.Text;

namespace Weir.Bench;

/// <summary>What filters or balances on the router.</summary>
/// <param name="Restore">The command that reads iptables-restore's format, or null for none.</param>
internal sealed record Engine(string Name, string? Restore)
{
    public static readonly Engine Weir = new("weir", Shell.Weir("iptables-restore"));
    public static readonly Engine Legacy = new("iptables-legacy", "iptables-legacy-restore");
    public static readonly Engine Nft = new("iptables-nft", "iptables-nft-restore");
    public static readonly Engine None = new("plain routing", null);

    public void Load(Topology topology, string rules)
    {
        if (Restore is not null) Shell.Run($"ip netns exec {topology.Router} {Restore}", rules);
    }

    /// <summary>A filter table with rules in FORWARD that match nothing of the traffic, and before them, if wanted, one that accepts established flows.</summary>
    public static string Forward(int count, bool tracked)
    {
        var text = new StringBuilder("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n");
        if (tracked) text.Append("-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n");
        for (var i = 0; i < count; i++) text.Append($"-A FORWARD -s 172.16.{i >> 8}.{i & 255}/32 -p udp -m udp --dport {1024 + i} -j DROP\n");
        return text.Append("COMMIT\n").ToString();
    }
}

using System.Text;
using Weir.Kubernetes.Configuration;

namespace Weir.Kubernetes.Process;

/// <summary>What --help prints.</summary>
internal static class Usage
{
    public static string Text()
    {
        var text = new StringBuilder("""
            weir proxy [FLAGS]: serves the Services of a cluster on this node, in the place of kube-proxy and with its flags.

            Where the objects come from:
                  --kubeconfig FILE      an API server and how to log in; without it, the pod's service account
                  --master ADDRESS       an API server that goes before the kubeconfig's
                  --manifests DIR        no API server: Services and EndpointSlices from the files in DIR

            What to do:
                  --config FILE          settings from a KubeProxyConfiguration; most flags are then not read
                  --write-config-to FILE writes the settings as such a file, and ends
                  --takeover             removes kube-proxy's rules, sets and services when all is programmed
                  --cleanup              removes what a proxy has made on this node, and ends
                  --init-only            sets the node up, and ends
                  --version, --help

            Settings (flag, its place in the file):

            """);
        foreach (var setting in Settings.All)
        {
            if (setting.Flag is not { } flag || flag is "kubeconfig") continue;
            text.Append($"  {(flag.Length == 1 ? $"-{flag}" : $"    --{flag}"),-44} {setting.Path}{(setting.Unused is { } reason ? $" (no effect: {reason})" : "")}\n");
        }
        return text.ToString();
    }
}

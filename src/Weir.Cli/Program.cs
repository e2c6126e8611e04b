namespace Weir.Cli;

/// <summary>
/// One binary for all names. Called as iptables, ipvsadm, kube-proxy, … it is that tool; as weir it has the tools as sub-commands and commands of its own. The tools
/// do not go through System.CommandLine: its start-up would be a good part of what they take.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        var name = Path.GetFileName(Environment.GetCommandLineArgs()[0]);
        if (Tools.IsTool(name)) return Tools.Run(name, arguments);
        if (arguments.Length > 0 && Tools.IsTool(arguments[0])) return Tools.Run(arguments[0], arguments[1..]);
        if (name == "kube-proxy") return Commands.ProxyCommand.Run(name, arguments);
        if (arguments is ["proxy", ..]) return Commands.ProxyCommand.Run("weir proxy", arguments[1..]);
        return Commands.WeirCommand.Run(arguments);
    }
}

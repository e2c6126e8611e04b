using System.CommandLine;

namespace Weir.Cli.Commands;

/// <summary>The command line of weir itself.</summary>
internal static class WeirCommand
{
    public static int Run(string[] arguments)
    {
        var root = new RootCommand("A packet filter, NAT and load balancer that is driven with iptables and ipvsadm and works in eBPF.")
        {
            Command("log", "Prints packets that meet LOG rules, as they come, in the kernel's format.", LogCommand.Run),
            Command("daemon", "Does what needs time to pass: prints the log, covers devices that appear, follows addresses. May end at any time.", DaemonCommand.Run),
            Command("status", "Says which devices are covered, what is loaded, how full the tables are and what was dropped.", StatusCommand.Run),
            Command("down", "Removes every trace of Weir from this network namespace: rules, services, connections, programs.", DownCommand.Run),
            Xdp(),
            Command("version", "Prints the version.", VersionCommand.Run, needsRoot: false),
        };
        root.Add(new Command("proxy", "Serves a cluster's Services on this node, in the place of kube-proxy and with its flags (weir proxy --help)."));
        foreach (var tool in (string[])["iptables", "iptables-save", "iptables-restore", "ipvsadm", "ipvsadm-save", "ipvsadm-restore"])
        {
            // Run before this command line is looked at; here for the help text.
            root.Add(new Command(tool, $"As the program {tool}."));
        }
        return root.Parse(arguments).Invoke();
    }

    private static Command Xdp()
    {
        var choice = new Argument<string>("choice") { Description = "on, off or auto" };
        choice.AcceptOnlyFromAmong("on", "off", "auto");
        var device = new Argument<string>("device") { Description = "the device's name" };
        var command = new Command("xdp", "Says whether established flows may leave from a device's driver already. By itself (auto) hardware does it, where its driver can.") { choice, device };
        SetAction(command, result => XdpCommand.Run(result.GetRequiredValue(choice), result.GetRequiredValue(device)), needsRoot: true);
        return command;
    }

    private static Command Command(string name, string description, Func<int> run, bool needsRoot = true)
    {
        var command = new Command(name, description);
        SetAction(command, _ => run(), needsRoot);
        return command;
    }

    private static void SetAction(Command command, Func<ParseResult, int> run, bool needsRoot)
    {
        var name = command.Name;
        command.SetAction(result =>
        {
            if (needsRoot && !Environment.IsPrivilegedProcess)
            {
                Console.Error.WriteLine($"weir {name}: you must be root");
                return 4;
            }
            try
            {
                return run(result);
            }
            catch (Exception problem) when (Tools.IsExpected(problem))
            {
                Console.Error.WriteLine($"weir {name}: {problem.Message}");
                return 1;
            }
        });
    }
}

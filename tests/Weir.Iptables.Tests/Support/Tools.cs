using Weir.Iptables.Names;
using Weir.Model.Rules;

namespace Weir.Iptables.Tests.Support;

/// <summary>Runs Weir's tools on a store.</summary>
internal static class Tools
{
    /// <summary>The names of this machine, without DNS.</summary>
    public static INames MachineNames { get; } = new EtcNames(path => File.Exists(path) ? File.ReadAllText(path) : null);

    public static Outcome Run(IRulesetStore store, string program, IReadOnlyList<string> arguments, string input = "", INames? names = null)
    {
        var output = new StringWriter();
        var errors = new StringWriter();
        var environment = new ToolEnvironment
        {
            Input = new StringReader(input),
            Output = output,
            Errors = errors,
            Names = names ?? MachineNames,
        };
        var exitCode = program switch
        {
            "iptables" => IptablesCommand.Run(program, arguments, environment, store),
            "iptables-save" => IptablesSave.Run(program, arguments, environment, store),
            "iptables-restore" => IptablesRestore.Run(program, arguments, environment, store),
            _ => throw new ArgumentException(program, nameof(program)),
        };
        return new Outcome(exitCode, output.ToString(), errors.ToString());
    }

    /// <summary>Runs iptables with arguments separated by blanks.</summary>
    public static Outcome Iptables(IRulesetStore store, string arguments)
        => Run(store, "iptables", arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}

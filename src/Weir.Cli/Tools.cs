using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Weir.Bpf.Kernel;
using Weir.Control.Instances;
using Weir.Control.Rules;
using Weir.Control.Services;
using Weir.Iptables;
using Weir.Iptables.Names;
using Weir.Ipvs;
using Weir.Model;
using Weir.Model.Rules;
using AddressFamily = Weir.Model.AddressFamily;

namespace Weir.Cli;

/// <summary>The tools that people know, by their names.</summary>
internal static class Tools
{
    private static readonly string[] s_names =
    [
        "iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore",
        "ipvsadm", "ipvsadm-save", "ipvsadm-restore",
    ];

    /// <summary>What arguments come in, so that a comment is the same by -A and by a file.</summary>
    private static readonly UTF8Encoding s_utf8 = new(false);

    public static bool IsTool(string name) => s_names.Contains(name);

    public static int Run(string name, string[] arguments)
    {
        using var output = Writer(Console.OpenStandardOutput());
        using var errors = Writer(Console.OpenStandardError());
        try
        {
            return name.StartsWith("ipvsadm", StringComparison.Ordinal)
                ? RunIpvsadm(name, arguments, output, errors)
                : RunIptables(name, arguments, output, errors);
        }
        catch (Exception problem) when (IsExpected(problem))
        {
            output.Flush();
            errors.Write($"{name}: {problem.Message}\n");
            return 1;
        }
    }

    /// <summary>What a kernel or a state folder that is not as it should be leads to: a sentence, not a stack trace.</summary>
    public static bool IsExpected(Exception problem) =>
        problem is BpfException or IOException or InvalidDataException or UnauthorizedAccessException or System.ComponentModel.Win32Exception or InstanceException;

    private static int RunIptables(string name, string[] arguments, TextWriter output, TextWriter errors)
    {
        if (name.StartsWith("ip6", StringComparison.Ordinal))
        {
            errors.Write($"{name}: IPv6 is not supported yet\n");
            return 3;
        }
        var environment = new ToolEnvironment
        {
            Input = new StreamReader(Console.OpenStandardInput(), s_utf8),
            Output = output,
            Errors = errors,
            Names = new EtcNames(ReadFile, Resolve, Reverse),
            OpenInput = static path => Open(path, () => new StreamReader(path, s_utf8)),
            OpenOutput = static path => Open(path, () => new StreamWriter(path, false, s_utf8)),
        };
        IRulesetStore store = Environment.IsPrivilegedProcess ? new RulesetStore(StateFolder.Current(), new RulesetText()) : new NoPermission();
        try
        {
            return name switch
            {
                "iptables-save" => IptablesSave.Run(name, arguments, environment, store),
                "iptables-restore" => IptablesRestore.Run(name, arguments, environment, store),
                _ => IptablesCommand.Run(name, arguments, environment, store),
            };
        }
        catch (UnauthorizedAccessException) when (!Environment.IsPrivilegedProcess)
        {
            // iptables-save asks the kernel for the names of tables, gets none and is content.
            if (name == "iptables-save") return 0;
            errors.Write("Fatal: can't open lock file /run/xtables.lock: Permission denied\n");
            return 4;
        }
    }

    private static int RunIpvsadm(string name, string[] arguments, TextWriter output, TextWriter errors)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            errors.Write("Can't initialize ipvs: Permission denied (you must be root)\n"
                + "Are you sure that IP Virtual Server is built in the kernel or as module?\n");
            return 2;
        }
        var names = new FileNameResolver(ReadFile("/etc/hosts") ?? "", ReadFile("/etc/services") ?? "");
        var input = new StreamReader(Console.OpenStandardInput(), Encoding.Latin1);
        return IpvsadmCommand.Run(name, arguments, input, output, errors, new ServiceStore(StateFolder.Current()), names);
    }

    private static StreamWriter Writer(Stream stream) => new(stream, s_utf8, 1 << 16);

    private static string? ReadFile(string path) => File.Exists(path) ? File.ReadAllText(path) : null;

    private static T Open<T>(string path, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IOException("No such file or directory", problem);
        }
        catch (UnauthorizedAccessException problem)
        {
            throw new IOException(Directory.Exists(path) ? "Is a directory" : "Permission denied", problem);
        }
    }

    private static ImmutableArray<Address> Resolve(string name, AddressFamily family)
    {
        try
        {
            var wanted = family == AddressFamily.IPv4 ? System.Net.Sockets.AddressFamily.InterNetwork : System.Net.Sockets.AddressFamily.InterNetworkV6;
            return [.. Dns.GetHostAddresses(name, wanted).Select(address => Address.FromBytes(address.GetAddressBytes()))];
        }
        catch (SocketException)
        {
            return [];
        }
    }

    private static string? Reverse(Address address)
    {
        try
        {
            var name = Dns.GetHostEntry(IPAddress.Parse(address.ToString())).HostName;
            return name == address.ToString() ? null : name;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>What rules are to those who are not root.</summary>
    private sealed class NoPermission : IRulesetStore
    {
        public Ruleset Read(AddressFamily family) => throw new UnauthorizedAccessException();

        public ChangeResult Change(AddressFamily family, LockWait wait, Func<Ruleset, Ruleset?> change) => throw new UnauthorizedAccessException();
    }
}

using System.Text;
using Weir.Iptables.Editing;
using Weir.Iptables.Parsing;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Extensions.Targets;

/// <summary>-j REJECT.</summary>
internal sealed class RejectExtension : Extension<RejectTarget>
{
    /// <summary>In the order of <see cref="RejectWith"/>, which is the kernel's without its gap.</summary>
    private static readonly (string Name, string Alias, string Description)[] Types =
    [
        ("icmp-net-unreachable", "net-unreach", "ICMP network unreachable"),
        ("icmp-host-unreachable", "host-unreach", "ICMP host unreachable"),
        ("icmp-proto-unreachable", "proto-unreach", "ICMP protocol unreachable"),
        ("icmp-port-unreachable", "port-unreach", "ICMP port unreachable (default)"),
        ("icmp-net-prohibited", "net-prohib", "ICMP network prohibited"),
        ("icmp-host-prohibited", "host-prohib", "ICMP host prohibited"),
        ("tcp-reset", "tcp-rst", "TCP RST packet"),
        ("icmp-admin-prohibited", "admin-prohib", "ICMP administratively prohibited (*)"),
    ];

    public override string Name => "REJECT";

    public override string Help =>
        "REJECT target options:\n"
        + "--reject-with type              drop input packet and send back\n"
        + "                                a reply packet according to type:\n"
        + "Valid reject types:\n"
        + string.Concat(Types.Select(type => $"    {type.Name,-25}\t{type.Description}\n    {type.Alias,-25}\talias\n"))
        + "\n(*) See man page or read the INCOMPATIBILITES file for compatibility issues.\n";

    public override ExtensionOption[] Options { get; } = [new("reject-with", 0, OptionType.Text)];

    protected override RejectTarget Initial(RuleDraft rule) => new(RejectWith.IcmpPortUnreachable);

    protected override RejectTarget Parse(RejectTarget record, OptionCall call)
    {
        for (var i = 0; i < Types.Length; i++)
        {
            if (Types[i].Name.StartsWith(call.Argument, StringComparison.OrdinalIgnoreCase)
                || Types[i].Alias.StartsWith(call.Argument, StringComparison.OrdinalIgnoreCase))
                return new RejectTarget((RejectWith)i);
        }
        throw CommandException.Parameter($"unknown reject type \"{call.Argument}\"");
    }

    protected override void List(RejectTarget record, ListContext context)
        => context.Output.Append(" reject-with ").Append(Types[(int)record.With].Name);

    protected override void Save(RejectTarget record, StringBuilder output)
        => output.Append(" --reject-with ").Append(Types[(int)record.With].Name);

    protected override Errno Check(RejectTarget record, KernelContext context)
    {
        if (context.Table != TableKind.Filter) return Errno.Invalid;
        if (!context.Hooks.IsWithin(HookSet.Of(Hook.Input, Hook.Forward, Hook.Output))) return Errno.Invalid;
        return record.With != RejectWith.TcpReset || context.HasProtocol(Protocols.Tcp) ? Errno.None : Errno.Invalid;
    }

    protected override void Encode(RejectTarget record, FieldWriter fields) => fields.Number((ulong)record.With);

    protected override RejectTarget DecodeRecord(ref FieldReader fields)
        => fields.Number8() is var with && with < Types.Length ? new((RejectWith)with)
        : throw new FormatException("an unknown reject type");
}

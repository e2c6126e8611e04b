using System.Text;
using Weir.Iptables.Editing;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Extensions.Targets;

/// <summary>-j REDIRECT.</summary>
internal sealed class RedirectExtension : Extension<RedirectTarget>
{
    private const int ToPorts = 2, Random = 3;

    public override string Name => "REDIRECT";

    public override string Help =>
        """
        REDIRECT target options:
         --to-ports <port>[-<port>]
        				Port (range) to map to.
         [--random]

        """;

    public override ExtensionOption[] Options { get; } = [new("to-ports", ToPorts, OptionType.Text),
        new("random", Random, OptionType.None)];

    protected override RedirectTarget Initial(RuleDraft rule) => new(null, NatOptions.None);

    protected override RedirectTarget Parse(RedirectTarget record, OptionCall call)
    {
        if (call.Option.Id != ToPorts) return record with { Options = record.Options | NatOptions.Random };
        var (ports, basePort) = NatRange.ParsePorts(call, call.Argument);
        NatRange.RefuseBasePort(basePort);
        return record with { Ports = ports };
    }

    protected override void List(RedirectTarget record, ListContext context)
        => Range(record).Write(context.Output, "redir ports ", "", record.Options, false);

    protected override void Save(RedirectTarget record, StringBuilder output)
        => Range(record).Write(output, "--to-ports ", "--", record.Options, false);

    private static NatRange Range(RedirectTarget record) => new(null, record.Ports, null);

    protected override Errno Check(RedirectTarget record, KernelContext context)
        => context.Table == TableKind.Nat && context.Hooks.IsWithin(HookSet.Of(Hook.Prerouting, Hook.Output)) ? Errno.None : Errno.Invalid;

    protected override void Encode(RedirectTarget record, FieldWriter fields) => Range(record).Encode(fields, record.Options);

    protected override RedirectTarget DecodeRecord(ref FieldReader fields)
    {
        var range = NatRange.Decode(ref fields, out var options);
        return new RedirectTarget(range.Ports, options);
    }
}

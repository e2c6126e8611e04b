using System.Text;
using Weir.Iptables.Editing;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Extensions.Targets;

/// <summary>-j DNAT.</summary>
internal sealed class DnatExtension : Extension<DnatTarget>
{
    private const int To = 0, Random = 3, Persistent = 5;

    public override string Name => "DNAT";

    public override string Help =>
        """
        DNAT target options:
         --to-destination [<ipaddr>[-<ipaddr>]][:port[-port[/port]]]
        				Address to map destination to.
        [--random] [--persistent]

        """;

    public override ExtensionOption[] Options { get; } =
        [new("to-destination", To, OptionType.Text) { Mandatory = true }, new("random", Random, OptionType.None),
            new("persistent", Persistent, OptionType.None)];

    protected override DnatTarget Initial(RuleDraft rule) => new(null, null, null, NatOptions.None);

    protected override DnatTarget Parse(DnatTarget record, OptionCall call)
    {
        if (call.Option.Id == Random) return record with { Options = record.Options | NatOptions.Random };
        if (call.Option.Id == Persistent) return record with { Options = record.Options | NatOptions.Persistent };
        var range = NatRange.Parse(call);
        return record with { Addresses = range.Addresses, Ports = range.Ports, BasePort = range.BasePort };
    }

    protected override void List(DnatTarget record, ListContext context) => Range(record).Write(context.Output, "to:", "", record.Options);

    protected override void Save(DnatTarget record, StringBuilder output)
        => Range(record).Write(output, "--to-destination ", "--", record.Options);

    private static NatRange Range(DnatTarget record) => new(record.Addresses, record.Ports, record.BasePort);

    protected override Errno Check(DnatTarget record, KernelContext context)
        => context.Table == TableKind.Nat && context.Hooks.IsWithin(HookSet.Of(Hook.Prerouting, Hook.Output)) ? Errno.None : Errno.Invalid;

    protected override void Encode(DnatTarget record, FieldWriter fields) => Range(record).Encode(fields, record.Options);

    protected override DnatTarget DecodeRecord(ref FieldReader fields)
    {
        var range = NatRange.Decode(ref fields, out var options);
        return new DnatTarget(range.Addresses, range.Ports, range.BasePort, options);
    }
}

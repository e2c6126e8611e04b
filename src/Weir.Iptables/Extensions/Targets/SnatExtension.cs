using System.Text;
using Weir.Iptables.Editing;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Extensions.Targets;

/// <summary>-j SNAT.</summary>
internal sealed class SnatExtension : Extension<SnatTarget>
{
    private const int To = 1, Random = 3, RandomFully = 4, Persistent = 5;

    public override string Name => "SNAT";

    public override string Help =>
        """
        SNAT target options:
         --to-source [<ipaddr>[-<ipaddr>]][:port[-port]]
        				Address to map source to.
        [--random] [--random-fully] [--persistent]

        """;

    public override ExtensionOption[] Options { get; } =
    [
        new("to-source", To, OptionType.Text) { Mandatory = true }, new("random", Random, OptionType.None),
        new("random-fully", RandomFully, OptionType.None),
        new("persistent", Persistent, OptionType.None),
    ];

    protected override SnatTarget Initial(RuleDraft rule) => new(null, null, NatOptions.None);

    protected override SnatTarget Parse(SnatTarget record, OptionCall call)
    {
        if (call.Option.Id != To)
        {
            var flag = call.Option.Id switch
            {
                Random => NatOptions.Random,
                RandomFully => NatOptions.RandomFully,
                _ => NatOptions.Persistent,
            };
            return record with { Options = record.Options | flag };
        }
        var range = NatRange.Parse(call);
        NatRange.RefuseBasePort(range.BasePort);
        return record with { Addresses = range.Addresses, Ports = range.Ports };
    }

    protected override void List(SnatTarget record, ListContext context) => Range(record).Write(context.Output, "to:", "", record.Options);

    protected override void Save(SnatTarget record, StringBuilder output)
        => Range(record).Write(output, "--to-source ", "--", record.Options);

    private static NatRange Range(SnatTarget record) => new(record.Addresses, record.Ports, null);

    protected override Errno Check(SnatTarget record, KernelContext context)
        => context.Table == TableKind.Nat && context.Hooks.IsWithin(HookSet.Of(Hook.Postrouting, Hook.Input)) ? Errno.None : Errno.Invalid;

    protected override void Encode(SnatTarget record, FieldWriter fields) => Range(record).Encode(fields, record.Options);

    protected override SnatTarget DecodeRecord(ref FieldReader fields)
    {
        var range = NatRange.Decode(ref fields, out var options);
        return new SnatTarget(range.Addresses, range.Ports, options);
    }
}

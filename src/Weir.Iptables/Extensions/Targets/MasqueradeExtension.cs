using System.Text;
using Weir.Iptables.Editing;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Extensions.Targets;

/// <summary>-j MASQUERADE.</summary>
internal sealed class MasqueradeExtension : Extension<MasqueradeTarget>
{
    private const int ToPorts = 2, Random = 3, RandomFully = 4;

    public override string Name => "MASQUERADE";

    public override string Help =>
        """
        MASQUERADE target options:
         --to-ports <port>[-<port>]
        				Port (range) to map to.
         --random
        				Randomize source port.
         --random-fully
        				Fully randomize source port.

        """;

    public override ExtensionOption[] Options { get; } =
        [new("to-ports", ToPorts, OptionType.Text), new("random", Random, OptionType.None),
            new("random-fully", RandomFully, OptionType.None)];

    protected override MasqueradeTarget Initial(RuleDraft rule) => new(null, NatOptions.None);

    protected override MasqueradeTarget Parse(MasqueradeTarget record, OptionCall call)
    {
        if (call.Option.Id != ToPorts)
            return record with { Options = record.Options | (call.Option.Id == Random ? NatOptions.Random : NatOptions.RandomFully) };
        var (ports, basePort) = NatRange.ParsePorts(call, call.Argument);
        NatRange.RefuseBasePort(basePort);
        return record with { Ports = ports };
    }

    protected override void List(MasqueradeTarget record, ListContext context)
        => Range(record).Write(context.Output, "masq ports: ", "", record.Options, false);

    protected override void Save(MasqueradeTarget record, StringBuilder output)
        => Range(record).Write(output, "--to-ports ", "--", record.Options, false);

    private static NatRange Range(MasqueradeTarget record) => new(null, record.Ports, null);

    protected override Errno Check(MasqueradeTarget record, KernelContext context)
        => context.Table == TableKind.Nat && context.Hooks.IsWithin(HookSet.Of(Hook.Postrouting)) ? Errno.None : Errno.Invalid;

    protected override void Encode(MasqueradeTarget record, FieldWriter fields) => Range(record).Encode(fields, record.Options);

    protected override MasqueradeTarget DecodeRecord(ref FieldReader fields)
    {
        var range = NatRange.Decode(ref fields, out var options);
        return new MasqueradeTarget(range.Ports, options);
    }
}

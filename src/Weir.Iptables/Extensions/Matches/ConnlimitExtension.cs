using System.Text;
using Weir.Iptables.Parsing;
using Weir.Model;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m connlimit.</summary>
internal sealed class ConnlimitExtension : Extension<ConnlimitMatch>
{
    private const int Upto = 0, Above = 1, Mask = 2, Source = 3, Destination = 4;

    public override string Name => "connlimit";

    public override string Help =>
        """
        connlimit match options:
          --connlimit-upto n     match if the number of existing connections is 0..n
          --connlimit-above n    match if the number of existing connections is >n
          --connlimit-mask n     group hosts using prefix length (default: max len)
          --connlimit-saddr      select source address for grouping
          --connlimit-daddr      select destination addresses for grouping

        """;

    public override ExtensionOption[] Options { get; } =
    [
        new("connlimit-upto", Upto, OptionType.Number) { Invertible = true, Excludes = 1u << Above },
        new("connlimit-above", Above, OptionType.Number) { Invertible = true, Excludes = 1u << Upto },
        new("connlimit-mask", Mask, OptionType.PrefixMask),
        new("connlimit-saddr", Source, OptionType.None) { Excludes = 1u << Destination },
        new("connlimit-daddr", Destination, OptionType.None) { Excludes = 1u << Source },
    ];

    protected override ConnlimitMatch Initial(RuleDraft rule)
        => new(0, false, AddressMask.MaskOf(rule.Family, AddressMask.BitsOf(rule.Family)), false);

    protected override ConnlimitMatch Parse(ConnlimitMatch record, OptionCall call) => call.Option.Id switch
    {
        Above => record with { Limit = call.Number, Upto = record.Upto | call.Invert },
        Upto => record with { Limit = call.Number, Upto = record.Upto | !call.Invert },
        Mask => record with { Mask = call.Host.Mask },
        Source => record with { ByDestination = false },
        _ => record with { ByDestination = true },
    };

    protected override ConnlimitMatch Finish(ConnlimitMatch record, uint used) => (used & (1u << Upto | 1u << Above)) != 0
        ? record
        : throw CommandException.Parameter("You must specify \"--connlimit-above\" or \"--connlimit-upto\".");

    protected override void List(ConnlimitMatch record, ListContext context)
        => context.Output.Append(record.ByDestination ? " #conn dst/" : " #conn src/").Append(Length(record))
            .Append(record.Upto ? " <= " : " > ").Append(record.Limit);

    protected override void Save(ConnlimitMatch record, StringBuilder output)
    {
        output.Append(record.Upto ? " --connlimit-upto " : " --connlimit-above ").Append(record.Limit);
        output.Append(" --connlimit-mask ").Append(Length(record))
            .Append(record.ByDestination ? " --connlimit-daddr" : " --connlimit-saddr");
    }

    private static int Length(ConnlimitMatch record) => new AddressMask(record.Mask, record.Mask).PrefixLength;

    protected override void Encode(ConnlimitMatch record, FieldWriter fields)
        => fields.Number(record.Limit).Flag(record.Upto).Address(record.Mask).Flag(record.ByDestination);

    protected override ConnlimitMatch DecodeRecord(ref FieldReader fields)
        => new(fields.Number32(), fields.Flag(), fields.Address(), fields.Flag());
}

using System.Text;
using Weir.Iptables.Editing;
using Weir.Iptables.Parsing;
using Weir.Model.Rules;
using Weir.Model.Rules.Matches;

namespace Weir.Iptables.Extensions.Matches;

/// <summary>-m addrtype.</summary>
internal sealed class AddrtypeExtension : Extension<AddrtypeMatch>
{
    private const int Source = 0, Destination = 1, LimitIn = 2, LimitOut = 3;

    private static readonly string[] Names =
    [
        "UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW", "NAT",
        "XRESOLVE",
    ];

    public override string Name => "addrtype";

    public override string Help =>
        "Address type match options:\n"
        + " [!] --src-type type[,...]      Match source address type\n"
        + " [!] --dst-type type[,...]      Match destination address type\n"
        + "     --limit-iface-in           Match only on the packet's incoming device\n"
        + "     --limit-iface-out          Match only on the packet's outgoing device\n\n"
        + "Valid types:           \n"
        + string.Concat(Names.Select(name => $"                                {name}\n"));

    public override ExtensionOption[] Options { get; } =
    [
        new("src-type", Source, OptionType.Text) { Invertible = true }, new("dst-type", Destination, OptionType.Text) { Invertible = true },
        new("limit-iface-in", LimitIn, OptionType.None) { Excludes = 1u << LimitOut },
        new("limit-iface-out", LimitOut, OptionType.None) { Excludes = 1u << LimitIn },
    ];

    protected override AddrtypeMatch Initial(RuleDraft rule) => new();

    protected override AddrtypeMatch Parse(AddrtypeMatch record, OptionCall call) => call.Option.Id switch
    {
        Source => record with { Source = ParseTypes(call.Argument), InvertSource = call.Invert },
        Destination => record with { Destination = ParseTypes(call.Argument), InvertDestination = call.Invert },
        LimitIn => record with { LimitInterfaceIn = true },
        _ => record with { LimitInterfaceOut = true },
    };

    private static AddressTypes ParseTypes(string text)
    {
        var types = AddressTypes.None;
        for (var rest = text; ;)
        {
            var comma = rest.IndexOf(',');
            var name = comma < 0 ? rest : rest[..comma];
            var at = name.Length == 0 ? -1 : Array.FindIndex(Names, known => known.StartsWith(name, StringComparison.OrdinalIgnoreCase));
            if (at < 0) throw CommandException.Parameter(comma < 0 ? $"addrtype: bad type \"{rest}\"" : $"addrtype: bad type `{rest}'");
            types |= (AddressTypes)(1 << at);
            if (comma < 0) return types;
            rest = rest[(comma + 1)..];
        }
    }

    protected override AddrtypeMatch Finish(AddrtypeMatch record, uint used) => (used & (1u << Source | 1u << Destination)) != 0
        ? record
        : throw CommandException.Parameter("addrtype: you must specify --src-type or --dst-type");

    protected override void List(AddrtypeMatch record, ListContext context)
    {
        var output = context.Output.Append(" ADDRTYPE match");
        if (record.Source != 0) output.Append(" src-type ").Append(record.InvertSource ? "!" : "").Append(Text(record.Source));
        if (record.Destination != 0)
            output.Append(" dst-type ").Append(record.InvertDestination ? "!" : "").Append(Text(record.Destination));
        output.Append(record.LimitInterfaceIn ? " limit-in" : "").Append(record.LimitInterfaceOut ? " limit-out" : "");
    }

    protected override void Save(AddrtypeMatch record, StringBuilder output)
    {
        if (record.Source != 0) output.Append(record.InvertSource ? " ! --src-type " : " --src-type ").Append(Text(record.Source));
        if (record.Destination != 0)
            output.Append(record.InvertDestination ? " ! --dst-type " : " --dst-type ").Append(Text(record.Destination));
        output.Append(record.LimitInterfaceIn ? " --limit-iface-in" : "").Append(record.LimitInterfaceOut ? " --limit-iface-out" : "");
    }

    private static string Text(AddressTypes types) => string.Join(',', Names.Where((_, bit) => ((int)types & 1 << bit) != 0));

    protected override Errno Check(AddrtypeMatch record, KernelContext context)
    {
        if (record.LimitInterfaceOut && context.Hooks.Overlaps(HookSet.Of(Hook.Prerouting, Hook.Input))) return Errno.Invalid;
        return record.LimitInterfaceIn && context.Hooks.Overlaps(HookSet.Of(Hook.Postrouting, Hook.Output)) ? Errno.Invalid : Errno.None;
    }

    protected override void Encode(AddrtypeMatch record, FieldWriter fields)
        => fields.Number((ulong)record.Source).Number((ulong)record.Destination)
            .Flag(record.InvertSource).Flag(record.InvertDestination).Flag(record.LimitInterfaceIn).Flag(record.LimitInterfaceOut);

    protected override AddrtypeMatch DecodeRecord(ref FieldReader fields) => new()
    {
        Source = (AddressTypes)fields.Number16(),
        Destination = (AddressTypes)fields.Number16(),
        InvertSource = fields.Flag(),
        InvertDestination = fields.Flag(),
        LimitInterfaceIn = fields.Flag(),
        LimitInterfaceOut = fields.Flag(),
    };
}

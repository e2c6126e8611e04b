using System.Text;
using Weir.Iptables.Parsing;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Extensions.Targets;

/// <summary>-j LOG.</summary>
internal sealed class LogExtension : Extension<LogTarget>
{
    private const int Level = 6, Prefix = 7;

    /// <summary>Options without an argument; the id is the bit.</summary>
    private static readonly (int Id, LogOptions Flag, string Option, string Listed)[] Flags =
    [
        (0, LogOptions.TcpSequence, "log-tcp-sequence", "tcp-sequence"), (1, LogOptions.TcpOptions, "log-tcp-options", "tcp-options"),
        (2, LogOptions.IpOptions, "log-ip-options", "ip-options"), (3, LogOptions.Uid, "log-uid", "uid"),
        (5, LogOptions.MacDecode, "log-macdecode", "macdecode"),
    ];

    /// <summary>The names that the C library's list has first for each level.</summary>
    private static readonly string[] LevelNames = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];

    public override string Name => "LOG";

    public override string Help =>
        """
        LOG target options:
         --log-level level		Level of logging (numeric or see syslog.conf)
         --log-prefix prefix		Prefix log messages with this prefix.
         --log-tcp-sequence		Log TCP sequence numbers.
         --log-tcp-options		Log TCP options.
         --log-ip-options		Log IP options.
         --log-uid			Log UID owning the local socket.
         --log-macdecode		Decode MAC addresses and protocol.

        """;

    public override ExtensionOption[] Options { get; } =
    [
        new("log-level", Level, OptionType.SyslogLevel), new("log-prefix", Prefix, OptionType.Text) { Min = 1 },
        .. Flags.Select(flag => new ExtensionOption(flag.Option, flag.Id, OptionType.None)),
    ];

    protected override LogTarget Initial(RuleDraft rule) => new(LogTarget.DefaultLevel, LogOptions.None, "");

    protected override LogTarget Parse(LogTarget record, OptionCall call)
    {
        switch (call.Option.Id)
        {
            case Level:
                return record with { Level = (byte)call.Number };
            case Prefix:
                if (call.Argument.Contains('\n')) throw CommandException.Parameter("Newlines not allowed in --log-prefix");
                return record with { Prefix = Printing.QuotedText.Cut(call.Argument, LogTarget.MaxPrefixLength) };
            default:
                return record with { Options = record.Options | (LogOptions)(1 << call.Option.Id) };
        }
    }

    protected override void List(LogTarget record, ListContext context)
    {
        var output = context.Output.Append(" LOG");
        if (context.Numeric)
        {
            output.Append($" flags {(int)record.Options} level {record.Level}");
        }
        else
        {
            output.Append(" level ").Append(LevelNames[record.Level & 7]);
            foreach (var flag in Flags)
            {
                if ((record.Options & flag.Flag) != 0) output.Append(' ').Append(flag.Listed);
            }
        }
        if (record.Prefix.Length != 0) output.Append(" prefix \"").Append(record.Prefix).Append('"');
    }

    protected override void Save(LogTarget record, StringBuilder output)
    {
        if (record.Prefix.Length != 0) Printing.QuotedText.Append(output.Append(" --log-prefix"), record.Prefix);
        if (record.Level != LogTarget.DefaultLevel) output.Append(" --log-level ").Append(record.Level);
        foreach (var flag in Flags)
        {
            if ((record.Options & flag.Flag) != 0) output.Append(" --").Append(flag.Option);
        }
    }

    protected override void Encode(LogTarget record, FieldWriter fields)
        => fields.Number(record.Level).Number((ulong)record.Options).Text(record.Prefix);

    protected override LogTarget DecodeRecord(ref FieldReader fields) => new(fields.Number8(), (LogOptions)fields.Number8(), fields.Text());
}

using System.Text;
using Weir.DataPath.Image;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Control.Images.Targets;

/// <summary>LOG.</summary>
internal static unsafe class LogEncoder
{
    public static void Encode(LogTarget target, ref RuleCell cell, ImageBuilder builder)
    {
        var log = new LogTargetCell { Level = target.Level, Flags = (LogFlags)target.Options };
        var bytes = Encoding.UTF8.GetBytes(target.Prefix);
        if (bytes.Length > LogTarget.MaxPrefixLength)
        {
            builder.Refuse(ChangeStatus.DoesNotFit, $"the prefix of LOG has more than {LogTarget.MaxPrefixLength} bytes");
            return;
        }
        bytes.CopyTo(new Span<byte>(log.Prefix, 30));
        cell.Target = TargetKind.Log;
        cell.Argument = builder.Append(log);
    }
}

using Weir.DataPath.Image;
using Weir.Model;
using Weir.Model.Rules.Targets;

namespace Weir.Control.Images.Targets;

/// <summary>DNAT, SNAT, MASQUERADE and REDIRECT: the kind, and the range in a cell.</summary>
internal static class NatEncoder
{
    public static void Encode(DnatTarget target, ref RuleCell cell, ImageBuilder builder)
    {
        var range = RangeOf(target, target.Addresses);
        if (target.BasePort is { } start)
        {
            range.Flags |= NatRangeFlags.PortOffset;
            range.PortBase = start;
        }
        Place(TargetKind.Dnat, range, ref cell, builder);
    }

    public static void Encode(SnatTarget target, ref RuleCell cell, ImageBuilder builder) =>
        Place(TargetKind.Snat, RangeOf(target, target.Addresses), ref cell, builder);

    public static void Encode(MasqueradeTarget target, ref RuleCell cell, ImageBuilder builder) =>
        Place(TargetKind.Masquerade, RangeOf(target, null), ref cell, builder);

    public static void Encode(RedirectTarget target, ref RuleCell cell, ImageBuilder builder) =>
        Place(TargetKind.Redirect, RangeOf(target, null), ref cell, builder);

    private static NatTargetCell RangeOf(NatTarget target, AddressRange? addresses)
    {
        var cell = default(NatTargetCell);
        if (addresses is var (min, max))
        {
            cell.Flags |= NatRangeFlags.MapAddresses;
            cell.AddressMin = NetworkOrder.Of(min);
            cell.AddressMax = NetworkOrder.Of(max);
        }
        if (target.Ports is { } ports)
        {
            cell.Flags |= NatRangeFlags.PortsSpecified;
            (cell.PortMin, cell.PortMax) = (ports.Min, ports.Max);
        }
        if (target.Options.HasFlag(NatOptions.Random)) cell.Flags |= NatRangeFlags.Random;
        if (target.Options.HasFlag(NatOptions.RandomFully)) cell.Flags |= NatRangeFlags.RandomFully;
        if (target.Options.HasFlag(NatOptions.Persistent)) cell.Flags |= NatRangeFlags.Persistent;
        return cell;
    }

    private static void Place(TargetKind kind, NatTargetCell range, ref RuleCell cell, ImageBuilder builder)
    {
        builder.NeedTracking();
        cell.Target = kind;
        cell.Argument = builder.Append(range);
    }
}

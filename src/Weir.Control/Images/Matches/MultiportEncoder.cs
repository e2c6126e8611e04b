using Weir.DataPath.Image;
using Weir.Model.Rules;
using Weir.Model.Rules.Matches;
using MultiportSide = Weir.DataPath.Image.MultiportSide;

namespace Weir.Control.Images.Matches;

/// <summary>multiport.</summary>
internal static unsafe class MultiportEncoder
{
    public static void Encode(MultiportMatch match, MatchList matches)
    {
        var cell = new MultiportMatchCell
        {
            Kind = MatchKind.Multiport,
            Invert = match.Invert ? (byte)1 : (byte)0,
            Side = match.Side switch
            {
                Model.Rules.Matches.MultiportSide.Source => MultiportSide.Source,
                Model.Rules.Matches.MultiportSide.Destination => MultiportSide.Destination,
                _ => MultiportSide.Either,
            },
        };
        foreach (var range in match.Ports)
        {
            var isRange = range.Min != range.Max;
            if (cell.Count + (isRange ? 2 : 1) > MultiportMatch.MaxPorts)
            {
                matches.Builder.Refuse(ChangeStatus.DoesNotFit, $"multiport takes at most {MultiportMatch.MaxPorts} ports");
                return;
            }
            if (isRange) cell.Ranges |= (ushort)(1 << cell.Count);
            cell.Ports[cell.Count++] = range.Min;
            if (isRange) cell.Ports[cell.Count++] = range.Max;
        }
        matches.Add(cell);
    }
}

using System.Globalization;
using System.Text;

namespace Weir.Bench;

/// <summary>Packets a second by number of rules, both logarithmic, a panel for each kind of rules, as SVG.</summary>
internal static class ScalePicture
{
    private const double PanelWidth = 400, PanelHeight = 260, Left = 60, Top = 40, PlotWidth = 310, PlotHeight = 170;
    private const double LowestPower = 2, HighestPower = 6;

    private static readonly string[] s_colours = ["#c0392b", "#2c3e50", "#7f8c8d", "#2980b9", "#27ae60", "#8e44ad"];

    public static string Draw(IReadOnlyList<ScaleRow> rows)
    {
        var kinds = rows.Select(row => row.Kind).Distinct().ToArray();
        var peers = rows.Select(row => row.Peer).Distinct().ToArray();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {PanelWidth * 2} {PanelHeight * ((kinds.Length + 1) / 2) + 30}\" font-family=\"sans-serif\" font-size=\"11\">\n");
        text.Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        for (var i = 0; i < kinds.Length; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate({i % 2 * PanelWidth},{i / 2 * PanelHeight})\">\n");
            Panel(text, kinds[i], rows.Where(row => row.Kind == kinds[i]).ToArray(), peers);
            text.Append("</g>\n");
        }
        for (var i = 0; i < peers.Length; i++)
        {
            var y = PanelHeight * ((kinds.Length + 1) / 2) + 10;
            text.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left + i * 140}\" y=\"{y}\" width=\"12\" height=\"4\" fill=\"{s_colours[i]}\"/><text x=\"{Left + 18 + i * 140}\" y=\"{y + 6}\">{peers[i]}</text>\n");
        }
        return text.Append("</svg>\n").ToString();
    }

    private static void Panel(StringBuilder text, string kind, ScaleRow[] rows, string[] peers)
    {
        text.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"24\" font-size=\"13\">{kind}: packets/s by rules</text>\n");
        for (var power = LowestPower; power <= HighestPower; power++)
        {
            var y = Y(Math.Pow(10, power));
            text.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" x2=\"{Left + PlotWidth}\" y1=\"{y:F1}\" y2=\"{y:F1}\" stroke=\"#ddd\"/><text x=\"{Left - 6}\" y=\"{y + 4:F1}\" text-anchor=\"end\">10^{power}</text>\n");
        }
        foreach (var size in rows.Select(row => row.Rules).Distinct())
            text.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(size):F1}\" y=\"{Top + PlotHeight + 16}\" text-anchor=\"middle\">{size}</text>\n");
        for (var i = 0; i < peers.Length; i++)
        {
            var points = rows.Where(row => row.Peer == peers[i]).OrderBy(row => row.Rules).Select(row => string.Create(CultureInfo.InvariantCulture, $"{X(row.Rules):F1},{Y(row.PacketsPerSecond):F1}")).ToArray();
            if (points.Length > 0) text.Append($"<polyline points=\"{string.Join(' ', points)}\" fill=\"none\" stroke=\"{s_colours[i]}\" stroke-width=\"2\"/>\n");
        }
    }

    private static double X(double rules) => Left + (Math.Log10(rules) - 1) / 4 * PlotWidth;

    private static double Y(double packets) => Top + PlotHeight - (Math.Log10(Math.Max(packets, 100)) - LowestPower) / (HighestPower - LowestPower) * PlotHeight;
}

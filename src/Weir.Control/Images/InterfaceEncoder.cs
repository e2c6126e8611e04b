using System.Text;
using Weir.DataPath.Image;
using Weir.Model.Rules;

namespace Weir.Control.Images;

/// <summary>-i and -o.</summary>
internal static unsafe class InterfaceEncoder
{
    public static InterfaceCell Encode(InterfacePattern input, InterfacePattern output)
    {
        var cell = default(InterfaceCell);
        Write(input, new(cell.In, 16), new(cell.InMask, 16));
        Write(output, new(cell.Out, 16), new(cell.OutMask, 16));
        return cell;
    }

    private static void Write(InterfacePattern pattern, Span<byte> name, Span<byte> mask)
    {
        if (pattern.IsAny) return;
        var length = Encoding.UTF8.GetBytes(pattern.Name, name);
        // A whole name is compared with its end, so that eth0 is not eth01.
        mask[..(pattern.IsWildcard ? length : 16)].Fill(0xff);
    }
}

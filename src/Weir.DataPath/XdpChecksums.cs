using Weir.Bpf.Programs;
using Weir.DataPath.Image;

namespace Weir.DataPath;

/// <summary>
/// Transport checksums of frames. Drivers do not say what the device has checked, so they are added up here wherever TC would ask (<see cref="Checksums.IsWrong"/>),
/// and always looked at: a frame of a sender on the same machine may hold no more than a part of its checksum, which a device was to complete.
/// </summary>
internal static unsafe class XdpChecksums
{
    private const uint TransportOffset = 34;

    /// <summary>More than any offset here; a mask, so that the verifier knows it too.</summary>
    private const uint OffsetMask = 4095;

    /// <summary>Whether the packet can go on with its checksum: right or, for UDP, absent. Of packets up to 2047 bytes.</summary>
    public static bool AreRight(XdpBuff* xdp, Packet* packet)
    {
        var transport = XdpBuff.Data(xdp) + TransportOffset;
        ushort field;
        if (packet->Protocol == Parse.Tcp)
        {
            if (transport + 20 > XdpBuff.DataEnd(xdp)) return false;
            field = *(ushort*)(transport + 16);
        }
        else
        {
            if (transport + 8 > XdpBuff.DataEnd(xdp)) return false;
            field = *(ushort*)(transport + 6);
            if (field == 0) return true;
        }
        var length = packet->Length - packet->HeaderLength;
        var sum = (ulong)packet->Source.Word3Be + packet->Destination.Word3Be + Checksums.PseudoHeader(packet->Protocol, length);
        if (Checksums.Fold(sum) == (ushort)~field) return false;
        if (packet->Active >> ActiveImage.ChainShift == 0 || (Maps.Settings.Value->Flags & SettingsFlags.VerifyChecksums) == 0) return true;
        return AddUp(xdp, (uint)sum + (uint)(sum >> 32), length) == 0;
    }

    /// <summary>The checksum of what adds up to <paramref name="sum"/> and so many bytes (up to 2047) from the transport header on.</summary>
    /// <returns>16 bits; more: the bytes are not there.</returns>
    [Subprogram(Global = true)]
    private static int AddUp(XdpBuff* xdp, uint sum, uint length)
    {
        // 512 bytes are the most that bpf_csum_diff takes before Linux 6.13.
        var offset = TransportOffset;
        if ((length & 1024) != 0)
        {
            if (!Add(xdp, &offset, 512, &sum) || !Add(xdp, &offset, 512, &sum)) return -1;
        }
        if ((length & 512) != 0 && !Add(xdp, &offset, 512, &sum)) return -1;
        if ((length & 256) != 0 && !Add(xdp, &offset, 256, &sum)) return -1;
        if ((length & 128) != 0 && !Add(xdp, &offset, 128, &sum)) return -1;
        if ((length & 64) != 0 && !Add(xdp, &offset, 64, &sum)) return -1;
        if ((length & 32) != 0 && !Add(xdp, &offset, 32, &sum)) return -1;
        if ((length & 16) != 0 && !Add(xdp, &offset, 16, &sum)) return -1;
        if ((length & 8) != 0 && !Add(xdp, &offset, 8, &sum)) return -1;
        if ((length & 4) != 0 && !Add(xdp, &offset, 4, &sum)) return -1;
        ulong total = sum;
        if ((length & 2) != 0)
        {
            var two = XdpBuff.Data(xdp) + (offset & OffsetMask);
            if (two + 2 > XdpBuff.DataEnd(xdp)) return -1;
            total += *(ushort*)two;
            offset += 2;
        }
        if ((length & 1) != 0)
        {
            var one = XdpBuff.Data(xdp) + (offset & OffsetMask);
            if (one + 1 > XdpBuff.DataEnd(xdp)) return -1;
            total += one[0];
        }
        return Checksums.Fold(total);
    }

    private static bool Add(XdpBuff* xdp, uint* offset, uint size, uint* sum)
    {
        var bytes = XdpBuff.Data(xdp) + (*offset & OffsetMask);
        if (bytes + size > XdpBuff.DataEnd(xdp)) return false;
        *sum = (uint)Helpers.CsumDiff(null, 0, (uint*)bytes, size, *sum);
        *offset += size;
        return true;
    }
}

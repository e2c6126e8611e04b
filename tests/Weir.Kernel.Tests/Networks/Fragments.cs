using System.Buffers.Binary;

namespace Weir.Kernel.Tests.Networks;

/// <summary>Cuts IPv4 packets (frames with 20-byte IP headers) into fragments, well and badly, and puts them together again.</summary>
internal static class Fragments
{
    private const int Header = 34;
    private const ushort More = 0x2000;

    /// <summary>The fragments that a router might make.</summary>
    public static List<byte[]> Of(byte[] frame, Random random, bool isInOrder)
    {
        var result = new List<byte[]>();
        var length = frame.Length - Header;
        // A transport header is never cut by a sender that means well.
        for (var start = 0; start < length;)
        {
            var size = Math.Min(random.Next(start == 0 ? 3 : 1, 12) * 8, length - start);
            result.Add(Cut(frame, start, size, start + size < length));
            start += size;
        }
        if (!isInOrder) random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(result));
        return result;
    }

    /// <summary>Out of order, doubled, missing, overlapping (with parts of <paramref name="other"/>), headers cut, ends that contradict each other.</summary>
    public static List<byte[]> Hostile(byte[] frame, byte[] other, Random random)
    {
        var result = Of(frame, random, random.Next(2) == 0);
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(result.Count + 1);
            switch (random.Next(6))
            {
                case 0:
                    result.Insert(at, result[random.Next(result.Count)]);
                    break;
                case 1 when result.Count > 1:
                    result.RemoveAt(random.Next(result.Count));
                    break;
                case 2:
                    // Another header for the same datagram.
                    result.Insert(at, Cut(other, 0, Math.Min(random.Next(1, 6) * 8, other.Length - Header), random.Next(4) != 0));
                    break;
                case 3:
                    var start = random.Next((other.Length - Header) / 8) * 8;
                    result.Insert(at, Cut(other, start, Math.Min(random.Next(1, 6) * 8, other.Length - Header - start), random.Next(3) != 0));
                    break;
                case 4:
                    // The header in two parts.
                    result.RemoveAll(fragment => OffsetOf(fragment) == 0);
                    result.Insert(0, Cut(frame, 8, Math.Min(40, frame.Length - Header - 8), true));
                    result.Insert(random.Next(2), Cut(frame, 0, 8, true));
                    break;
                default:
                    random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(result));
                    break;
            }
        }
        return result;
    }

    /// <summary>
    /// The whole packets among frames, with fragments put together as a strict receiver does it: what overlaps, other than as a copy, spoils its
    /// datagram.
    /// </summary>
    public static List<byte[]> PutTogether(IEnumerable<byte[]> frames)
    {
        var result = new List<byte[]>();
        var queues = new Dictionary<string, List<byte[]>>();
        foreach (var frame in frames)
        {
            if (!Frame.IsIPv4(frame)) continue;
            if (FieldOf(frame) == 0)
            {
                result.Add(frame[..(14 + Frame.Packet(frame).Length)]);
                continue;
            }
            var key = $"{Frame.Source(frame)} {Frame.Destination(frame)} {Frame.Protocol(frame)} {frame[18]} {frame[19]}";
            if (!queues.TryGetValue(key, out var queue)) queues.Add(key, queue = []);
            queue.Add(frame);
            if (Whole(queue) is { } whole)
            {
                result.Add(whole);
                queues.Remove(key);
            }
        }
        return result;
    }

    private static byte[]? Whole(List<byte[]> queue)
    {
        var sorted = queue.DistinctBy(Convert.ToHexString).OrderBy(OffsetOf).ToList();
        var end = 0;
        foreach (var fragment in sorted)
        {
            if (OffsetOf(fragment) != end) return null;
            end += Frame.Segment(fragment).Length;
        }
        if ((FieldOf(sorted[^1]) & More) != 0 || sorted.SkipLast(1).Any(fragment => (FieldOf(fragment) & More) == 0)) return null;
        byte[] whole = [.. sorted[0][..Header], .. sorted.SelectMany(fragment => Frame.Segment(fragment).ToArray())];
        BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(16), (ushort)(whole.Length - 14));
        whole[20] = whole[21] = 0;
        Frame.FixHeaderChecksum(whole);
        return whole;
    }

    private static byte[] Cut(byte[] frame, int start, int size, bool hasMore)
    {
        byte[] fragment = [.. frame[..Header], .. frame[(Header + start)..(Header + start + size)]];
        BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(16), (ushort)(20 + size));
        BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(20), (ushort)(start / 8 | (hasMore ? More : 0)));
        Frame.FixHeaderChecksum(fragment);
        return fragment;
    }

    private static int OffsetOf(byte[] frame) => (FieldOf(frame) & 0x1fff) * 8;

    private static ushort FieldOf(byte[] frame) => (ushort)(BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(20)) & 0x3fff);
}

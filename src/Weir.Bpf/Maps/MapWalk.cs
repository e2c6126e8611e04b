using Weir.Bpf.Kernel;

namespace Weir.Bpf.Maps;

/// <summary>Reads all entries of a map whole, while others may change it.</summary>
internal static unsafe class MapWalk
{
    private const int FirstChunk = 256;

    /// <summary>
    /// All entries: keys, and values of <see cref="BpfMap.FullValueSize"/>, each list back to back. Entries that others add or delete meanwhile may or may not be
    /// among them; all others are, once.
    /// </summary>
    public static (byte[] Keys, byte[] Values, int Count) ReadAll(BpfMap map, bool take = false)
    {
        var keySize = map.Info.KeySize;
        var valueSize = map.FullValueSize;
        var command = take ? BpfCommand.MapLookupAndDeleteBatch : BpfCommand.MapLookupBatch;
        // What the kernel writes as position is a bucket's number or a key.
        var positions = stackalloc byte[Math.Max(keySize, 8) * 2];
        byte* position = null;
        var next = positions;
        uint chunk = FirstChunk;
        var keys = new byte[chunk * keySize];
        var values = new byte[chunk * valueSize];
        var count = 0;
        while (true)
        {
            if (keys.Length < (count + chunk) * keySize)
            {
                var capacity = Math.Max(count + (int)chunk, count * 2);
                Array.Resize(ref keys, capacity * keySize);
                Array.Resize(ref values, capacity * valueSize);
            }
            var read = chunk;
            Errno errno;
            fixed (byte* keyPointer = keys)
            fixed (byte* valuePointer = values)
            {
                errno = map.Batch(command, position, next, keyPointer + count * keySize, valuePointer + (long)count * valueSize, ref read);
            }
            if (errno == Errno.ENOSPC)
            {
                // A bucket of the hash table holds more entries than fit: nothing was read.
                chunk *= 2;
                continue;
            }
            if (errno is Errno.EINVAL or Errno.ENOTSUPP or Errno.EOPNOTSUPP && position == null) return ReadOneByOne(map, take);
            if (errno is not (Errno.None or Errno.ENOENT)) map.Check("read", errno);
            count += (int)read;
            if (errno == Errno.ENOENT || (errno == Errno.None && read == 0)) return (keys, values, count);
            position = next;
            next = next == positions ? positions + Math.Max(keySize, 8) : positions;
        }
    }

    private static (byte[] Keys, byte[] Values, int Count) ReadOneByOne(BpfMap map, bool take)
    {
        var keys = new MemoryStream();
        var values = new MemoryStream();
        var value = new byte[map.FullValueSize];
        var count = 0;
        foreach (var key in Keys(map))
        {
            if ((take ? map.TryTake(key, value) : map.TryLookup(key, value)) != Errno.None) continue;
            keys.Write(key);
            values.Write(value);
            count++;
        }
        return (keys.ToArray(), values.ToArray(), count);
    }

    /// <summary>All keys, each once. A key that is deleted while the walk stands on it sends a hash table's walk back to its start: known keys are passed over then.</summary>
    public static List<byte[]> Keys(BpfMap map)
    {
        var keys = new List<byte[]>();
        var seen = new HashSet<Programs.Bytes>();
        var current = Array.Empty<byte>();
        // Endless only if others delete the walk's key again and again; then what was found is a true answer for that time.
        for (var steps = 4L * map.Info.MaxEntries + 1024; steps > 0; steps--)
        {
            var next = new byte[map.Info.KeySize];
            var errno = map.TryNextKey(current, next);
            if (errno == Errno.ENOENT) break;
            map.Check("walk", errno);
            fixed (byte* pointer = next)
            {
                if (seen.Add(new Programs.Bytes(pointer, next.Length))) keys.Add(next);
            }
            current = next;
        }
        return keys;
    }
}

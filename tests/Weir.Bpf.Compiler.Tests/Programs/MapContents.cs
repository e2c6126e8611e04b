using System.Reflection;
using System.Runtime.InteropServices;
using Weir.Bpf.Kernel;
using Weir.Bpf.Maps;
using Weir.Bpf.Objects;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>The contents of a map as text, the same for a managed one and one in the kernel.</summary>
internal static unsafe class MapContents
{
    public static string OfKernel(MapDefinition definition, BpfMap map)
    {
        var entries = new List<string>();
        var key = new byte[definition.KeySize];
        var value = new byte[definition.ValueSize];
        for (var errno = map.TryNextKey([], key); errno == Errno.None; errno = map.TryNextKey(key, key))
        {
            if (map.TryLookup(key, value) == Errno.None)
            {
                entries.Add(Entry(key, value));
            }
        }

        return Text(definition.Name, entries);
    }

    public static string OfManaged(MapDefinition definition, Map map)
    {
        // HashMap<TKey, TValue> or ArrayMap<TValue>, whose type arguments only reflection knows here.
        var type = map.GetType();
        var method = type.GetGenericTypeDefinition() == typeof(ArrayMap<>) ? nameof(OfArray) : nameof(OfHash);
        var entries = typeof(MapContents).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(type.GetGenericArguments())
            .Invoke(null, [map]);
        return Text(definition.Name, (List<string>)entries!);
    }

    private static List<string> OfHash<TKey, TValue>(HashMap<TKey, TValue> map)
        where TKey : unmanaged
        where TValue : unmanaged =>
        [.. map.Entries().Select(e => Entry(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(ref e.Key)), MemoryMarshal.AsBytes(new ReadOnlySpan<TValue>(ref e.Value))))];

    private static List<string> OfArray<TValue>(ArrayMap<TValue> map)
        where TValue : unmanaged
    {
        var entries = new List<string>();
        for (uint i = 0; i < map.MaxEntries; i++)
        {
            entries.Add(Entry(BitConverter.GetBytes(i), new ReadOnlySpan<byte>(map.At(i), sizeof(TValue))));
        }

        return entries;
    }

    private static string Entry(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => $"{Convert.ToHexString(key)}={Convert.ToHexString(value)}";

    private static string Text(string name, List<string> entries) => $"{name}: {string.Join(' ', entries.Order(StringComparer.Ordinal))}";
}

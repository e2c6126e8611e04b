using Weir.Bpf.Objects;

namespace Weir.Control.Instances;

/// <summary>The compiled data path that this binary carries.</summary>
internal static class DataPathObject
{
    private static readonly Lazy<byte[]> s_bytes = new(Read);

    private static readonly Lazy<byte[]> s_header = new(ReadHeader);

    /// <summary>What tells it from that of another build; read without reading the object.</summary>
    public static ulong Fingerprint => ObjectFile.ReadFingerprint(s_header.Value);

    /// <summary>What tells whether the maps of another build can be gone on with.</summary>
    public static ulong Layout => ObjectFile.ReadLayout(s_header.Value);

    public static ObjectFile Load() => ObjectFile.Read(s_bytes.Value);

    private static byte[] ReadHeader()
    {
        using var stream = Open();
        var header = new byte[ObjectFile.HeaderSize];
        stream.ReadExactly(header);
        return header;
    }

    private static byte[] Read()
    {
        using var stream = Open();
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static Stream Open() => typeof(DataPathObject).Assembly.GetManifestResourceStream("Weir.DataPath.bpf")
        ?? throw new InvalidOperationException("this build carries no data path");
}

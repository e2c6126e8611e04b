using Weir.Bpf.Objects;

namespace Weir.Control.Instances;

/// <summary>The compiled data path that this binary carries.</summary>
internal static class DataPathObject
{
    private static readonly Lazy<byte[]> s_bytes = new(Read);

    /// <summary>What tells it from that of another build; read without reading the object.</summary>
    public static ulong Fingerprint
    {
        get
        {
            using var stream = Open();
            Span<byte> header = stackalloc byte[16];
            stream.ReadExactly(header);
            return ObjectFile.ReadFingerprint(header);
        }
    }

    public static ObjectFile Load() => ObjectFile.Read(s_bytes.Value);

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

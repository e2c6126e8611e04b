using System.Text.Json;
using System.Text.Json.Serialization;

namespace Weir.Ipvs.Tests;

/// <summary>Command lines with the answers of ipvsadm 1.31 on Linux 6.1: each block on an empty table, byte for byte.</summary>
public sealed class GoldenTests
{
    // Which bucket a service is in, and so what --nosort shows, depends on the boot of the kernel; this gives the order of the captures.
    private const byte Salt = 64;

    public static TheoryData<string, int> Blocks()
    {
        var data = new TheoryData<string, int>();
        foreach (var path in Directory.GetFiles(Folder, "*.json").Order())
        {
            for (var i = 0; i < Read(path).Count; i++) data.Add(Path.GetFileNameWithoutExtension(path), i);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Answers_as_the_original(string file, int block)
    {
        var store = new FakeServiceStore(Salt);
        foreach (var expected in Read(Path.Combine(Folder, $"{file}.json"))[block])
        {
            var actual = Shell.Run(store, expected.Program ?? "ipvsadm", Shell.Words(expected.Args), expected.Stdin ?? "");
            Assert.Equal(
                $"$ {expected.Args}\n{expected.Out}[stderr]\n{expected.Err}[exit {expected.Rc}]",
                $"$ {expected.Args}\n{actual.Output}[stderr]\n{actual.Error}[exit {actual.ExitCode}]");
        }
    }

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Goldens");

    private static List<List<Golden>> Read(string path) => JsonSerializer.Deserialize<List<List<Golden>>>(File.ReadAllText(path))!;

    private sealed record Golden(
        [property: JsonPropertyName("args")] string Args,
        [property: JsonPropertyName("program")] string? Program,
        [property: JsonPropertyName("stdin")] string? Stdin,
        [property: JsonPropertyName("rc")] int Rc,
        [property: JsonPropertyName("out")] string Out,
        [property: JsonPropertyName("err")] string Err);
}

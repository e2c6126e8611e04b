namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>Where the sources are.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>The C# files of a folder, with their full paths.</summary>
    public static IEnumerable<(string Path, string Text)> Sources(string folder) =>
        Directory.GetFiles(Path.Combine(Root, folder), "*.cs").Order(StringComparer.Ordinal).Select(path => (path, File.ReadAllText(path)));

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Weir.slnx")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException("the tests do not run inside of the repository");
    }
}

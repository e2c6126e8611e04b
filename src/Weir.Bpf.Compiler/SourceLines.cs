using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler;

/// <summary>The text of source lines, from the files.</summary>
/// <param name="root">The folder that locations are relative to, or null.</param>
public sealed class SourceLines(string? root)
{
    private readonly Dictionary<string, string[]> _files = [];

    /// <summary>The line without what surrounds it; null where there is no such file or line.</summary>
    public string? TextOf(SourceLocation location)
    {
        if (!_files.TryGetValue(location.File, out var lines))
        {
            var path = root is null ? location.File : Path.Combine(root, location.File);
            _files.Add(location.File, lines = File.Exists(path) ? File.ReadAllLines(path) : []);
        }

        return location.Line <= lines.Length ? lines[location.Line - 1].Trim() : null;
    }
}

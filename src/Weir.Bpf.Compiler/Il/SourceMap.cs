using Mono.Cecil;
using Mono.Cecil.Cil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>From instructions to places in the source.</summary>
/// <param name="root">The folder that files are shown relative to, or null.</param>
internal sealed class SourceMap(string? root)
{
    private readonly Dictionary<MethodDefinition, SourceLocation?[]> _locations = [];
    private readonly string? _root = root is null ? null : Path.GetFullPath(root).TrimEnd('/') + "/";

    /// <summary>The place of each instruction of the method, by index.</summary>
    public SourceLocation?[] LocationsOf(MethodDefinition method)
    {
        if (!_locations.TryGetValue(method, out var locations))
        {
            _locations.Add(method, locations = Read(method));
        }

        return locations;
    }

    /// <summary>The place of the first statement at or after an instruction: code for debugging has one of its own for an opening brace.</summary>
    public SourceLocation? StatementAt(MethodDefinition method, int index)
    {
        var code = method.Body.Instructions;
        while (index < code.Count - 1 && code[index].OpCode.Code == Code.Nop)
        {
            index++;
        }

        return LocationsOf(method)[index];
    }

    private SourceLocation?[] Read(MethodDefinition method)
    {
        var instructions = method.Body.Instructions;
        var locations = new SourceLocation?[instructions.Count];
        var points = method.DebugInformation.HasSequencePoints ? method.DebugInformation.SequencePoints.OrderBy(p => p.Offset).ToArray() : [];
        SourceLocation? current = points.FirstOrDefault(p => !p.IsHidden) is { } first ? Locate(first) : null;
        var next = 0;
        for (var i = 0; i < locations.Length; i++)
        {
            for (; next < points.Length && points[next].Offset <= instructions[i].Offset; next++)
            {
                current = points[next].IsHidden ? current : Locate(points[next]);
            }

            locations[i] = current;
        }

        return locations;
    }

    private SourceLocation Locate(SequencePoint point)
    {
        var file = point.Document.Url;
        if (_root is not null && file.StartsWith(_root, StringComparison.Ordinal))
        {
            file = file[_root.Length..];
        }

        return new SourceLocation(file, point.StartLine, point.StartColumn);
    }
}

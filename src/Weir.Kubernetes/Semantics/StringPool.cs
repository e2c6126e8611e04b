using System.Collections.Concurrent;

namespace Weir.Kubernetes.Semantics;

/// <summary>Equal texts become one object.</summary>
internal sealed class StringPool
{
    private readonly ConcurrentDictionary<string, string> _texts = new();

    public string Add(string text) => text.Length == 0 ? "" : _texts.GetOrAdd(text, text);
}

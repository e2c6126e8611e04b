using System.Threading.Channels;
using k8s;
using k8s.Models;
using Weir.Kubernetes.Objects;

namespace Weir.Kubernetes.Tests.Api;

/// <summary>What a source says, in order: "=a,b" for a list, "+a" for an object, "-a" for one that is gone.</summary>
internal sealed class RecordingSink<T> : IObjectSink<T>
    where T : IKubernetesObject<V1ObjectMeta>
{
    private readonly Channel<string> _said = Channel.CreateUnbounded<string>();

    public void Replace(IReadOnlyList<T> objects) => _said.Writer.TryWrite("=" + string.Join(',', objects.Select(each => each.Metadata.Name)));

    public void Set(T changed) => _said.Writer.TryWrite("+" + changed.Metadata.Name);

    public void Remove(T removed) => _said.Writer.TryWrite("-" + removed.Metadata.Name);

    /// <summary>The next word; fails where none comes.</summary>
    public async Task<string> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _said.Reader.ReadAsync(limit.Token);
    }

    public bool IsSilent => !_said.Reader.TryPeek(out _);
}

namespace Weir.Kubernetes.Serving;

/// <summary>What is answered to a request.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body.</param>
/// <param name="ContentType">Of the body.</param>
public sealed record HttpAnswer(int Status, string Body, string ContentType = "text/plain; charset=utf-8")
{
    /// <summary>There is nothing of that name.</summary>
    public static HttpAnswer NotFound { get; } = new(404, "404 page not found\n");

    /// <summary>More headers, each a line without its end.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];
}

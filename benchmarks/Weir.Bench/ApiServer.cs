using System.Globalization;
using System.Net;
using System.Text;

namespace Weir.Bench;

/// <summary>
/// <c>api SERVICES ENDPOINTS</c>: as much of an API server as a Service proxy asks, at 127.0.0.1:8080, with that many Services and endpoints of each. A line on standard
/// input is the address of the first Service's only endpoint from then on; when the event has been sent, nanoseconds are printed.
/// </summary>
internal sealed class ApiServer(int services, int endpoints)
{
    private readonly TaskCompletionSource<Stream> _watch = new();

    public static int Run(string[] arguments)
    {
        var server = new ApiServer(int.Parse(arguments[0], CultureInfo.InvariantCulture), int.Parse(arguments[1], CultureInfo.InvariantCulture));
        using var listener = new HttpListener();
        listener.Prefixes.Add("http://127.0.0.1:8080/");
        listener.Start();
        _ = Task.Run(() => server.ServeAsync(listener));
        Console.WriteLine("ready");
        for (var version = 100; Console.ReadLine() is { } address; version++)
        {
            var slice = Encoding.UTF8.GetBytes($"{{\"type\":\"MODIFIED\",\"object\":{Slice(0, version, [address])}}}\n");
            var watch = server._watch.Task.Result;
            watch.Write(slice);
            watch.Flush();
            Console.WriteLine(Interop.Now());
        }
        return 0;
    }

    private async Task ServeAsync(HttpListener listener)
    {
        while (true)
        {
            var context = await listener.GetContextAsync();
            _ = Task.Run(() => Answer(context));
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath;
        var query = context.Request.QueryString;
        if (query["watch"] is not null)
        {
            context.Response.SendChunked = true;
            context.Response.OutputStream.Flush();
            // It ends with the program.
            if (path.EndsWith("slices", StringComparison.Ordinal)) _watch.TrySetResult(context.Response.OutputStream);
            return;
        }
        var body = path switch
        {
            "/api/v1/services" => List(query["continue"], query["limit"], Service),
            "/apis/discovery.k8s.io/v1/endpointslices" => List(query["continue"], query["limit"], i => Slice(i, 1, EndpointsOf(i))),
            "/api/v1/nodes" => $"{{\"metadata\":{{\"resourceVersion\":\"50\"}},\"items\":[{Node}]}}",
            "/api/v1/nodes/node" => Node,
            _ => null,
        };
        context.Response.StatusCode = body is null ? 404 : 200;
        context.Response.Close(Encoding.UTF8.GetBytes(body ?? "{}"), false);
    }

    private const string Node = """{"metadata":{"name":"node","resourceVersion":"1"},"spec":{},"status":{"addresses":[{"type":"InternalIP","address":"10.1.0.1"}]}}""";

    private string List(string? next, string? limit, Func<int, string> item)
    {
        var start = next is null ? 0 : int.Parse(next, CultureInfo.InvariantCulture);
        var end = Math.Min(services, limit is null ? services : start + int.Parse(limit, CultureInfo.InvariantCulture));
        var rest = end < services ? $",\"continue\":\"{end}\"" : "";
        return $"{{\"metadata\":{{\"resourceVersion\":\"50\"{rest}}},\"items\":[{string.Join(',', Enumerable.Range(start, end - start).Select(item))}]}}";
    }

    /// <summary>The first one begins without endpoints.</summary>
    private string[] EndpointsOf(int service) =>
        service == 0 ? [] : [.. Enumerable.Range(0, endpoints).Select(each => $"10.{100 + each}.{service >> 8}.{service & 255}")];

    private static string Service(int i) =>
        $$$"""
        {"metadata":{"name":"s{{{i}}}","namespace":"default","uid":"00000000-0000-0000-0000-{{{i:D12}}}","resourceVersion":"1","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"s{{{i}}}"}},
        "spec":{"type":"ClusterIP","clusterIP":"10.96.{{{i >> 8}}}.{{{i & 255}}}","clusterIPs":["10.96.{{{i >> 8}}}.{{{i & 255}}}"],"ipFamilies":["IPv4"],"internalTrafficPolicy":"Cluster",
        "sessionAffinity":"None","selector":{"app":"s{{{i}}}"},"ports":[{"name":"http","port":80,"protocol":"TCP","targetPort":8000}]},"status":{"loadBalancer":{ } } }
        """;

    private static string Slice(int i, int version, string[] addresses)
    {
        var list = addresses.Select(address =>
            $$$"""{"addresses":["{{{address}}}"],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"other","targetRef":{"kind":"Pod","name":"p","namespace":"default"}}""");
        return $$$"""{"metadata":{"name":"s{{{i}}}-1","namespace":"default","resourceVersion":"{{{version}}}","labels":{"kubernetes.io/service-name":"s{{{i}}}"}},"addressType":"IPv4","ports":[{"name":"http","port":8000,"protocol":"TCP"}],"endpoints":[{{{string.Join(',', list)}}}] }""";
    }
}

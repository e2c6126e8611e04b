using System.Text.Json;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Vectors;

/// <summary>A first packet and what must become of it.</summary>
internal sealed record Flow
{
    public required string Name { get; init; }

    public required Address Source { get; init; }

    public required ServiceProtocol Protocol { get; init; }

    public required Address Destination { get; init; }

    public required ushort Port { get; init; }

    public required FlowVerdict Expected { get; init; }

    public static Flow Read(JsonElement flow)
    {
        var expect = flow.GetProperty("expect");
        return new Flow
        {
            Name = flow.GetProperty("name").GetString()!,
            Source = Address.Parse(flow.GetProperty("sourceIP").GetString()!),
            Protocol = flow.GetProperty("protocol").GetString() switch { "UDP" => ServiceProtocol.Udp, "SCTP" => ServiceProtocol.Sctp, _ => ServiceProtocol.Tcp },
            Destination = Address.Parse(flow.GetProperty("destIP").GetString()!),
            Port = flow.GetProperty("destPort").GetUInt16(),
            Expected = new FlowVerdict(expect.GetProperty("verdict").GetString()!, string.Join(", ", VectorFile.Texts(expect, "endpoints").Order(StringComparer.Ordinal)),
                expect.GetProperty("masquerade").GetBoolean()),
        };
    }
}

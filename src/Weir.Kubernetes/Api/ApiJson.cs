using System.Text.Json.Serialization;
using k8s.Models;

namespace Weir.Kubernetes.Api;

/// <summary>
/// The JSON of the objects that a Service proxy needs. The client library's own context holds all of Kubernetes' types and with them 22 MB of native code.
/// </summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(MicroTime)])]
[JsonSerializable(typeof(ListPage))]
[JsonSerializable(typeof(WatchEvent))]
[JsonSerializable(typeof(StatusAnswer))]
[JsonSerializable(typeof(V1Service))]
[JsonSerializable(typeof(V1EndpointSlice))]
[JsonSerializable(typeof(V1Node))]
[JsonSerializable(typeof(V1ServiceCIDR))]
[JsonSerializable(typeof(Eventsv1Event))]
internal sealed partial class ApiJson : JsonSerializerContext;

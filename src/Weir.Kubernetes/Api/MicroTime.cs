using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Weir.Kubernetes.Api;

/// <summary>Times as metav1.MicroTime takes them, with six digits and not one more or less; read with any number of digits.</summary>
internal sealed class MicroTime : JsonConverter<DateTime>
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset().UtcDateTime;

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
}

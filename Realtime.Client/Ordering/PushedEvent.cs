using System.Text.Json;
using System.Text.Json.Serialization;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Ordering;

/// <summary>
/// What was pushed as an event, or why it is none. Reading it never fails where the JSON itself is whole: SignalR drops a call whose
/// arguments do not bind, and only its log would know.
/// </summary>
/// <param name="Envelope">The event; <see langword="null"/> when it cannot be read.</param>
/// <param name="Fault">Why it cannot be read.</param>
[JsonConverter(typeof(PushedEvent.Converter))]
internal sealed record PushedEvent(AgentEventEnvelope? Envelope, JsonException? Fault = null)
{
    internal sealed class Converter : JsonConverter<PushedEvent>
    {
        private static readonly AgentEventEnvelopeJsonConverter Envelopes = new();

        public override bool HandleNull => true;

        public override PushedEvent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var start = reader;
            try
            {
                return new PushedEvent(Envelopes.Read(ref reader, typeof(AgentEventEnvelope), options));
            }
            catch (Exception fault) when (fault is JsonException or InvalidOperationException)
            {
                // The latter for text that is none: half of a surrogate pair, or bytes that are no UTF-8.
                reader = start;
                reader.TrySkip();
                return new PushedEvent(Envelope: null, fault as JsonException ?? new JsonException(fault.Message, fault));
            }
        }

        public override void Write(Utf8JsonWriter writer, PushedEvent value, JsonSerializerOptions options) =>
            throw new NotSupportedException("Clients do not push.");
    }
}

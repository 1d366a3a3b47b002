using Realtime.Contracts;

namespace Realtime.Server.FanOut;

/// <summary>Which event a push carries. Of a rewritten history, an event may have the number of another, with a later time.</summary>
internal readonly record struct EventMark(StreamPosition Position, DateTimeOffset Time)
{
    internal static EventMark Of(AgentEventEnvelope envelope) => new(envelope.Position, envelope.Time);
}

using System.Text.Json;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;
using SampleTools;

namespace ConsoleWatch;

/// <summary>One event a line, as it travelled and flushed at once; the connection's story goes to standard error.</summary>
internal sealed class JsonView(AgentEventsClient client, SignIn signIn) : LineView(client, signIn)
{
    public override Task ShowAsync(AgentEvent e, bool isMissed)
    {
        Console.Out.WriteLine(JsonSerializer.Serialize(e.Envelope, RealtimeJsonContext.Default.AgentEventEnvelope));
        return Console.Out.FlushAsync();
    }

    /// <summary>No event, but whoever reads these lines must know; named as in the server-sent events.</summary>
    public override void HistoryLost(HistoryLostEventArgs lost)
    {
        string reason = JsonSerializer.Serialize(lost.Reason, RealtimeJsonContext.Default.HistoryLostReason);
        Console.Out.WriteLine($$"""{"type":"history_lost","reason":{{reason}},"after":"{{lost.LastProcessed}}","head":"{{lost.Head}}","oldest":"{{lost.Oldest}}"}""");
        Note(Words.Of(lost));
    }

    protected override void Note(string text) => Console.Error.WriteLine($"-- {text}");
}

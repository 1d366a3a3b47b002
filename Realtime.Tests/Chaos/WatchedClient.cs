using System.Collections.Concurrent;
using Realtime.Chaos.Checking;
using Realtime.Chaos.Records;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Chaos;

/// <summary>Writes down what an application saw of a fake server's stream, over several runs, and has the checker judge it.</summary>
sealed class WatchedClient
{
    const string User = "user_1";
    readonly List<ConcurrentQueue<ClientRecord>> _runs = [];

    internal void BeginRun(long after)
    {
        _runs.Add(new());
        Write(new ClientRecord.Began(User, new StreamPosition("fake", after)));
    }

    /// <summary>The effect of a handler.</summary>
    internal void Handle(AgentEventEnvelope e) =>
        Write(new ClientRecord.Handled(User, e.Position, e.Id, ContentHash.Of(e.Data.Utf8.Span), AtMicros: 0));

    internal int HandledInRun => _runs[^1].OfType<ClientRecord.Handled>().Count();

    /// <summary>Judges by everything that the server was given to store.</summary>
    internal CheckResult Check(IEnumerable<AgentEventEnvelope> stored) => HistoryChecker.Check(new()
    {
        Stored = [.. stored.Select(e => new StoredEvent(User, e.Position, e.Id, ContentHash.Of(e.Data.Utf8.Span), e.Time.Ticks, IsTrimmed: false))],
        Runs = [.. _runs.Select((records, i) => new Realtime.Chaos.Records.ClientRun("test", i + 1, [.. records]))],
        Clients = [("test", User)],
    });

    /// <summary>A real client whose only oddity is what the test does to it; the start of its run must have been noted.</summary>
    internal async Task<AgentEventsClient> StartAsync(Uri server, Action<AgentEventsClientOptions>? configure = null, Action<AgentEventEnvelope>? handler = null)
    {
        var options = Client.ClientRun.Options(server);
        options.IdleCheckInterval = TimeSpan.FromHours(1);
        configure?.Invoke(options);
        var client = new AgentEventsClient(options);
        client.On((e, _) =>
        {
            (handler ?? Handle)(e.Envelope);
            return Task.CompletedTask;
        });
        await client.StartAsync().WithinDeadline();
        return client;
    }

    void Write(ClientRecord record) => _runs[^1].Enqueue(record);
}

using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Draining;

/// <summary>
/// Publishers, one a node, each publishing one event after the other until it is stopped or its node has gone. What was under way then
/// is published once more on the last node, with the same id, as the client package does it.
/// </summary>
sealed class PublishFlow : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentDictionary<string, long> _heads = new();
    readonly ConcurrentQueue<string> _refused = new();
    readonly Task _publishing;
    int _published;

    internal PublishFlow(IReadOnlyList<Uri> nodes, int users, TestTokens tokens)
    {
        string token = tokens.Create("worker", Scopes.Publish);
        _publishing = Task.WhenAll(nodes.Select(node => PublishAsync(node, nodes[^1], users, token)));
    }

    /// <summary>Answers that were no acknowledgement.</summary>
    internal IReadOnlyCollection<string> Refused => _refused;

    /// <summary>Waits for so many more acknowledgements.</summary>
    internal Task HasPublishedAsync(int more)
    {
        int enough = Volatile.Read(ref _published) + more;
        return Eventually.Async($"{more} more events are published", () => Volatile.Read(ref _published) >= enough || _publishing.IsCompleted, Patience);
    }

    /// <returns>The newest acknowledged sequence of each user.</returns>
    internal async Task<IReadOnlyDictionary<string, long>> StopAsync()
    {
        await _stop.CancelAsync();
        await _publishing.WithinDeadline(Patience);
        return _heads;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    async Task PublishAsync(Uri node, Uri last, int users, string token)
    {
        using var timer = new PeriodicTimer(Pace);
        using var http = ClientOf(node, token);
        for (int i = 0; !_stop.IsCancellationRequested; i++)
        {
            var publish = Samples.Step($"user_{i % users}", i, Guid.NewGuid());
            try
            {
                await PublishAsync(http, publish);
            }
            catch (HttpRequestException) when (node != last)
            {
                using var other = ClientOf(last, token);
                await PublishAsync(other, publish);
                return;
            }

            await timer.WaitForNextTickAsync();
        }
    }

    async Task PublishAsync(HttpClient http, JsonObject publish)
    {
        using var answer = await http.PostAsync(Routes.Events, Samples.Json(publish));
        if (!answer.IsSuccessStatusCode)
        {
            _refused.Enqueue($"{http.BaseAddress} answered {answer.StatusCode}");
            return;
        }

        long sequence = StreamPosition.Parse((await answer.JsonAsync()).GetProperty("position").GetString()!).Sequence;
        _heads.AddOrUpdate((string)publish["userId"]!, sequence, (_, known) => Math.Max(known, sequence));
        Interlocked.Increment(ref _published);
    }

    static HttpClient ClientOf(Uri node, string token) => new() { BaseAddress = node, DefaultRequestHeaders = { Authorization = new("Bearer", token) } };
}

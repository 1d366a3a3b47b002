using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Realtime.Contracts;

namespace Realtime.Tests.Support;

/// <summary>One block of server-sent events, as it stood on the wire.</summary>
/// <param name="Lines">Its lines, comments too.</param>
sealed record StreamBlock(IReadOnlyList<string> Lines)
{
    internal string? Id => Field("id");

    internal string? Name => Field("event");

    internal string? Retry => Field("retry");

    internal string? Data => Lines.Any(l => l.StartsWith("data:", StringComparison.Ordinal)) ? string.Join('\n', Fields("data")) : null;

    internal bool IsComment => Lines.All(l => l.StartsWith(':'));

    /// <value>An event of the stream, not a word about it.</value>
    internal bool IsEvent => Data is not null && Id is not null;

    string? Field(string name) => Fields(name).LastOrDefault();

    IEnumerable<string> Fields(string name) => Lines.Where(l => l.StartsWith(name + ":", StringComparison.Ordinal)).Select(l => l[(name.Length + 1)..] is [' ', .. var rest] ? rest : l[(name.Length + 1)..]);
}

/// <summary>A stream of server-sent events, read line by line and written down: what curl would show.</summary>
sealed class StreamTap : IAsyncDisposable
{
    readonly ConcurrentQueue<StreamBlock> _blocks = new();
    readonly CancellationTokenSource _stop = new();
    readonly HttpClient _http;
    readonly HttpResponseMessage _response;
    readonly Task _reading;
    bool _isDisposed;

    StreamTap(HttpClient http, HttpResponseMessage response)
    {
        (_http, _response) = (http, response);
        _reading = ReadAsync();
    }

    internal HttpResponseHeaders Headers => _response.Headers;

    internal HttpContentHeaders ContentHeaders => _response.Content.Headers;

    internal IReadOnlyList<StreamBlock> Blocks => [.. _blocks];

    internal IEnumerable<StreamBlock> Events => _blocks.Where(b => b.IsEvent);

    /// <summary>In the order of their arrival.</summary>
    internal IReadOnlyList<long> Sequences => [.. Events.Select(b => StreamPosition.Parse(b.Id!).Sequence)];

    /// <value>What a client would resume after.</value>
    internal string? LastId => _blocks.LastOrDefault(b => b.Id is not null)?.Id;

    internal bool HasEnded => _reading.IsCompleted;

    /// <value>Why it was cut off; null when it ended in order, or has not.</value>
    internal Exception? Fault => _reading.Exception?.InnerException;

    internal static async Task<StreamTap> OpenAsync(Uri server, string? token, string query = "", string? lastEventId = null)
    {
        var (http, response) = await AskAsync(server, token, query, lastEventId);
        response.StatusCode.Should().Be(HttpStatusCode.OK, response.StatusCode == HttpStatusCode.OK ? string.Empty : await response.Content.ReadAsStringAsync());
        var tap = new StreamTap(http, response);
        await Eventually.Async("the stream begins", () => !tap._blocks.IsEmpty || tap.HasEnded);
        return tap;
    }

    /// <summary>Asks for a stream that is refused.</summary>
    internal static async Task<(HttpStatusCode Status, JsonElement Problem, HttpResponseHeaders Headers)> RefusedAsync(Uri server, string? token, string query = "", string? lastEventId = null)
    {
        var (http, response) = await AskAsync(server, token, query, lastEventId);
        using (http)
        using (response)
        {
            response.StatusCode.Should().NotBe(HttpStatusCode.OK);
            return (response.StatusCode, await response.JsonAsync().WithinDeadline(), response.Headers);
        }
    }

    internal Task WaitForEventsAsync(int count, TimeSpan? deadline = null) => Eventually.Async($"{count} events have arrived", () => Events.Count() >= count, deadline);

    internal Task WaitForEndAsync(TimeSpan? deadline = null) => Eventually.Async("the stream ends", () => HasEnded, deadline);

    /// <summary>Leaves; a second time does nothing, so a test may leave before its block ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        await _stop.CancelAsync(); // a response that is merely disposed is read on for 2 s, beside the read that is under way
        try
        {
            await _reading.WithinDeadline();
        }
        catch (Exception cut) when (cut is IOException or HttpRequestException or ObjectDisposedException or OperationCanceledException)
        {
            // By us, most likely.
        }

        _response.Dispose();
        _http.Dispose();
        _stop.Dispose();
    }

    static async Task<(HttpClient Http, HttpResponseMessage Response)> AskAsync(Uri server, string? token, string query, string? lastEventId)
    {
        var http = new HttpClient { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        using var request = new HttpRequestMessage(HttpMethod.Get, Routes.EventStream + query);
        if (token is not null) request.Headers.Authorization = new("Bearer", token);
        if (lastEventId is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        return (http, await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WithinDeadline());
    }

    async Task ReadAsync()
    {
        using var reader = new StreamReader(await _response.Content.ReadAsStreamAsync(_stop.Token), Encoding.UTF8);
        var lines = new List<string>();
        while (await reader.ReadLineAsync(_stop.Token) is { } line)
        {
            if (line.Length > 0)
            {
                lines.Add(line);
                continue;
            }

            _blocks.Enqueue(new StreamBlock([.. lines]));
            lines.Clear();
        }
    }
}

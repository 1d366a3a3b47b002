using System.Net;
using System.Net.Http;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Realtime.Client.Ordering;
using Realtime.Client.Recovery;
using Realtime.Client.Telemetry;
using Realtime.Contracts;

namespace Realtime.Client.Connection;

/// <summary>
/// A connection over server-sent events, for networks that block WebSockets. It asks for what comes from now on; what is missing before,
/// and every gap, is fetched as on any other link. A token cannot be renewed on a request, so a second request takes over from the first
/// one before that ends: what both bring, the gate drops.
/// </summary>
internal sealed class EventStreamLink(AgentEventsClientOptions options, RestLink rest, MissedEvents missed, TokenSource tokens, LiveBuffer live, ILogger logger) : ILink
{
    /// <summary>A connection that the server ends sooner is not one that went well.</summary>
    private static readonly TimeSpan ShortestGood = TimeSpan.FromSeconds(2);

    private readonly Channel<LinkSignal> _signals = Channel.CreateUnbounded<LinkSignal>(new UnboundedChannelOptions { SingleReader = true });
    private readonly object _lock = new();
    private Reading? _current;
    private StreamPosition? _untoldStart;
    private StreamPosition? _newest;
    private bool _isDisposed;

    public ClientTransport Transport => ClientTransport.ServerSentEvents;

    public ChannelReader<LinkSignal> Signals => _signals.Reader;

    public ServerAnswerException? Refusal => null;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using var limit = options.TimeProvider.CancelAfter(options.ConnectTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            string token = await tokens.GetForHandshakeAsync(either.Token).ConfigureAwait(false);
            _untoldStart = await OpenAsync(token, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException late) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No connection within {options.ConnectTimeout}.", late);
        }
    }

    /// <summary>The first time it is where the stream began, which the server has read after it had joined; later it is asked for.</summary>
    public async Task<StreamPosition> GetHeadAsync(CancellationToken cancellationToken)
    {
        if (_untoldStart is { } start)
        {
            _untoldStart = null;
            return start;
        }

        StreamPosition? newest;
        lock (_lock) newest = _newest;
        try
        {
            return await missed.AskOnceAsync(new EventsQuestion { After = newest, Limit = 1 }, cancellationToken).ConfigureAwait(false) switch
            {
                EventsAnswer.Page { Content.Head: var head } => head,
                EventsAnswer.Lost lost => lost.Head,
                var answer => throw new InvalidOperationException($"Unknown answer {answer}."),
            };
        }
        catch (ServerAnswerException answer) when (answer.Status is HttpStatusCode.ServiceUnavailable or (HttpStatusCode)429)
        {
            throw new StoreAwayException(answer);
        }
    }

    public async Task<double> RenewTokenAsync(string token, CancellationToken cancellationToken)
    {
        using var limit = options.TimeProvider.CancelAfter(options.ConnectTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        live.AddHead(await OpenAsync(token, either.Token).ConfigureAwait(false));
        return TokenExpiry.Of(token) is { } expiry ? (expiry - options.TimeProvider.GetUtcNow()).TotalSeconds : double.MaxValue;
    }

    public ValueTask DisposeAsync()
    {
        Reading? last;
        lock (_lock)
        {
            _isDisposed = true;
            last = _current;
            _current = null;
        }

        last?.Request.Dispose();
        return default;
    }

    /// <summary>Opens a request and lets it take over.</summary>
    /// <returns>Where it begins.</returns>
    private async Task<StreamPosition> OpenAsync(string token, CancellationToken cancellationToken)
    {
        var reading = new Reading(new EventStreamRequest(await RequestAsync(token, cancellationToken).ConfigureAwait(false), options.TimeProvider), options.TimeProvider.GetTimestamp());
        try
        {
            _ = ReadAsync(reading);
            var start = await reading.Start.Task.OrCancelled(cancellationToken).ConfigureAwait(false);
            Reading? before;
            lock (_lock)
            {
                if (_isDisposed) throw new OperationCanceledException("The connection is closed.");
                before = _current;
                _current = reading;
            }

            before?.Request.Dispose();
            if (reading.End.Task.IsCompleted) Signal(reading, await reading.End.Task.ConfigureAwait(false));
            return start;
        }
        catch
        {
            reading.Request.Dispose();
            throw;
        }
    }

    private async Task<HttpResponseMessage> RequestAsync(string token, CancellationToken cancellationToken)
    {
        try
        {
            return await rest.OpenStreamAsync(Path, token, cancellationToken).ConfigureAwait(false);
        }
        catch (ServerAnswerException refused) when (refused.ProblemType == ProblemTypes.WrongUser)
        {
            throw new AccessDeniedException(options.UserId!, refused);
        }
    }

    private string Path => $"{Routes.EventStream}?named=false&user_id={Uri.EscapeDataString(options.UserId!)}";

    /// <summary>Never throws: its end is told.</summary>
    private async Task ReadAsync(Reading reading)
    {
        LinkSignal end;
        try
        {
            await reading.Request.ReadAsync(block => Hear(reading, block)).ConfigureAwait(false);
            bool wasGood = !reading.WasLost && options.TimeProvider.GetElapsedTime(reading.Since) >= ShortestGood;
            end = wasGood && reading.Retry is { } wait ? new LinkSignal.Leave(wait) : new LinkSignal.Closed(Error: null);
        }
        catch (Exception fault)
        {
            end = new LinkSignal.Closed(fault);
        }

        reading.Request.Dispose();
        if (reading.Start.TrySetException(new RealtimeException("The stream ended before it began."))) _ = reading.Start.Task.Exception;
        reading.End.TrySetResult(end);
        Signal(reading, end);
    }

    private void Signal(Reading reading, LinkSignal end)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(_current, reading)) return; // replaced, closed, or not there yet
            _current = null;
        }

        _signals.Writer.TryWrite(end);
    }

    private void Hear(Reading reading, EventStreamBlock block)
    {
        // The server's last word before it ends a stream is when to return; the first is for a stream that breaks.
        reading.Retry = block is { Retry: { } wait, Id: null, Data: null } && reading.HasHeardRetry ? wait : null;
        reading.HasHeardRetry |= block.Retry is not null;
        if (block.Name is { } name)
        {
            // Events have no names here. A history that is lost is for REST to tell, which says more.
            ClientLog.StreamSays(logger, name);
            reading.WasLost = true;
            live.AddUnreadable();
            return;
        }

        if (block.Data is { } data) HearEvent(data);
        if (!StreamPosition.TryParse(block.Id, out var position)) return;
        lock (_lock) _newest = position;
        reading.Start.TrySetResult(position);
    }

    private void HearEvent(byte[] data)
    {
        try
        {
            if (JsonSerializer.Deserialize(data, ClientJsonContext.Default.PushedEvent) is { } pushed) live.AddEvent(pushed);
        }
        catch (JsonException)
        {
            live.AddUnreadable();
        }
    }

    private sealed class Reading(EventStreamRequest request, long since)
    {
        public EventStreamRequest Request => request;

        public long Since => since;

        public TaskCompletionSource<StreamPosition> Start { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<LinkSignal> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TimeSpan? Retry { get; set; }

        public bool HasHeardRetry { get; set; }

        public bool WasLost { get; set; }
    }
}

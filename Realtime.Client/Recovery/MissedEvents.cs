using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Polly;
using Polly.Retry;
using Polly.Timeout;
using Realtime.Client.Connection;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Recovery;

/// <summary>
/// Asks the server for events that were not pushed. A few quick retries of what may pass by itself (connection errors,
/// timeouts, 408, 429, 5xx) are inside; whoever needs an answer in the end asks again later. Thread-safe.
/// </summary>
internal sealed class MissedEvents : IMissedEvents
{
    private const int QuickRetries = 2;

    /// <summary>A page holds hundreds of events.</summary>
    internal static readonly JsonTypeInfo<EventPage> PageJson = (JsonTypeInfo<EventPage>)new JsonSerializerOptions(RealtimeJsonContext.Default.Options)
    {
        Converters = { new AgentEventEnvelopeJsonConverter() },
    }.GetTypeInfo(typeof(EventPage));

    /// <summary>Whoever asks for more is asked again by the caller, who has other things to do meanwhile.</summary>
    private static readonly TimeSpan LongestQuickWait = TimeSpan.FromSeconds(2);

    private readonly RestLink _rest;
    private readonly AgentEventsClientOptions _options;
    private readonly ResiliencePipeline<EventsAnswer> _pipeline;
    private readonly ResiliencePipeline<EventsAnswer> _once;

    public MissedEvents(RestLink rest, AgentEventsClientOptions options)
    {
        _rest = rest;
        _options = options;
        _pipeline = new ResiliencePipelineBuilder<EventsAnswer> { TimeProvider = options.TimeProvider }
            .AddRetry(new RetryStrategyOptions<EventsAnswer>
            {
                MaxRetryAttempts = QuickRetries,
                ShouldHandle = args => new ValueTask<bool>(args.Outcome.Exception is { } error && IsTransient(error) && !AsksForPatience(error)),
                DelayGenerator = args => new ValueTask<TimeSpan?>(DelayBefore(args.AttemptNumber, args.Outcome.Exception)),
            })
            .AddTimeout(options.RequestTimeout)
            .Build();
        _once = new ResiliencePipelineBuilder<EventsAnswer> { TimeProvider = options.TimeProvider }
            .AddTimeout(options.RequestTimeout)
            .Build();
    }

    /// <summary>Asks, with a few quick retries.</summary>
    /// <exception cref="AccessDeniedException">The token is another user's.</exception>
    /// <exception cref="ServerAnswerException">Any other answer that is not one.</exception>
    public ValueTask<EventsAnswer> AskAsync(EventsQuestion question, CancellationToken cancellationToken) =>
        _pipeline.ExecuteAsync(ct => SendAsync(question, ct), cancellationToken);

    /// <summary>Asks once.</summary>
    /// <exception cref="AccessDeniedException">The token is another user's.</exception>
    /// <exception cref="ServerAnswerException">Any other answer that is not one.</exception>
    public ValueTask<EventsAnswer> AskOnceAsync(EventsQuestion question, CancellationToken cancellationToken) =>
        _once.ExecuteAsync(ct => SendAsync(question, ct), cancellationToken);

    /// <summary>Whether a connect would be refused for now. A platform that hides why a WebSocket was refused learns it here.</summary>
    /// <returns>The refusal that asks to come back later, if there is one.</returns>
    public async ValueTask<ServerAnswerException?> AskToConnectAsync(CancellationToken cancellationToken)
    {
        using var limit = _options.TimeProvider.CancelAfter(_options.RequestTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var answer = await _rest.SendAsync(HttpMethod.Get, Routes.HubFor(_options.UserId!), json: null, either.Token).ConfigureAwait(false);
        return answer is { Status: (HttpStatusCode)429 or HttpStatusCode.ServiceUnavailable, RetryAfter: not null } ? answer.ToException() : null;
    }

    private static bool AsksForPatience(Exception error) => error is ServerAnswerException { RetryAfter: { } asked } && asked > LongestQuickWait;

    internal static bool IsTransient(Exception error) => error switch
    {
        ServerAnswerException answer => (int)answer.Status is 408 or 429 or >= 500,
        HttpRequestException or IOException or TimeoutRejectedException => true,
        _ => false,
    };

    private async ValueTask<EventsAnswer> SendAsync(EventsQuestion question, CancellationToken cancellationToken)
    {
        var answer = await _rest.SendAsync(HttpMethod.Get, question.ToPathAndQuery(_options.UserId!), json: null, cancellationToken).ConfigureAwait(false);
        if (answer.IsSuccess) return new EventsAnswer.Page(ReadPage(answer));

        if (answer.Status is HttpStatusCode.Gone or HttpStatusCode.Forbidden)
        {
            var problem = Problem.Read(answer.Body);
            // Only our own answers are believed: a proxy's 403 or 410 says nothing about the stream.
            if (answer.Status == HttpStatusCode.Forbidden && problem.Type == ProblemTypes.WrongUser)
                throw new AccessDeniedException(_options.UserId!);
            if (answer.Status == HttpStatusCode.Gone && problem is { Reason: { } reason, Head: { } head, Oldest: { } oldest })
                return new EventsAnswer.Lost(reason, head, oldest);
        }

        throw answer.ToException();
    }

    private static EventPage ReadPage(RestAnswer answer)
    {
        try
        {
            return JsonSerializer.Deserialize(answer.Body, PageJson)
                ?? throw new RealtimeException("The server answered with no page of events.");
        }
        catch (JsonException fault)
        {
            throw new RealtimeException("The server's page of events cannot be read.", fault);
        }
    }

    private TimeSpan? DelayBefore(int retry, Exception? error) =>
        RetryAfter.Respect(ExponentialBackoffRetryPolicy.DelayFor(retry, jitter: 0.5, _options.Jitter), error, _options.Jitter);
}

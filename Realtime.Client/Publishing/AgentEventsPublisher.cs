using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using Realtime.Client.Connection;
using Realtime.Client.Publishing;
using Realtime.Client.Recovery;
using Realtime.Client.Telemetry;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace Realtime.Client;

/// <summary>
/// Publishes events over HTTP. Each event gets its id before the first attempt, so that however often a publish is tried, the
/// event is stored at most once; when a call returns, it is stored. Thread-safe.
/// </summary>
public sealed class AgentEventsPublisher : IDisposable
{
    /// <summary>Greatest number of events in one call.</summary>
    public const int MaxBatch = 1000;

    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> NoErrors = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    private readonly AgentEventsPublisherOptions _options;
    private readonly ILogger _logger;
    private readonly RestLink _rest;
    private readonly ResiliencePipeline<RestAnswer> _pipeline;

    /// <summary>Creates a publisher.</summary>
    /// <param name="options">How to publish; copied.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    /// <exception cref="ArgumentException">An option is missing or out of range; the message names it.</exception>
    public AgentEventsPublisher(AgentEventsPublisherOptions options)
    {
        _options = options?.Validated() ?? throw new ArgumentNullException(nameof(options));
        _logger = _options.LoggerFactory.CreateLogger("Realtime.Client.Publisher");
        _rest = new RestLink(_options.ServerUrl!, new TokenSource(_options.AccessTokenProvider!), _options.HttpMessageHandler, _options.TimeProvider);
        var builder = new ResiliencePipelineBuilder<RestAnswer> { TimeProvider = _options.TimeProvider };
        if (_options.MaxAttempts > 1)
        {
            builder.AddRetry(new RetryStrategyOptions<RestAnswer>
            {
                MaxRetryAttempts = _options.MaxAttempts - 1,
                ShouldHandle = args => new ValueTask<bool>(args.Outcome.Exception is { } error && MissedEvents.IsTransient(error)),
                DelayGenerator = args => new ValueTask<TimeSpan?>(DelayBefore(args.AttemptNumber, args.Outcome.Exception)),
                OnRetry = args =>
                {
                    ClientLog.PublishRetried(_logger, args.AttemptNumber + 1, args.RetryDelay, args.Outcome.Exception);
                    return default;
                },
            });
        }

        _pipeline = builder.AddTimeout(_options.RequestTimeout).Build();
    }

    /// <summary>Publishes one event of a registered type.</summary>
    /// <typeparam name="T">CLR type of the data, registered in <see cref="AgentEventsPublisherOptions.EventTypes"/>.</typeparam>
    /// <param name="userId">Whose stream it goes to.</param>
    /// <param name="data">What happened.</param>
    /// <param name="id">Identity for idempotence across processes; made here when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Gives up; the event may have been stored then.</param>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is not a registered event type, or the user id is malformed.</exception>
    /// <exception cref="PublishRejectedException">The server refuses the event for good.</exception>
    /// <exception cref="ServerAnswerException">The server kept failing; the event is stored or not, and the same id may be published again.</exception>
    public Task<PublishReceipt> PublishAsync<T>(string userId, T data, Guid? id = null, CancellationToken cancellationToken = default)
        where T : class
    {
        if (data is null) throw new ArgumentNullException(nameof(data));
        if (!_options.EventTypes.TryGet(typeof(T), out var type)) throw new ArgumentException($"{typeof(T)} is not a registered event type.", nameof(data));
        return PublishAsync(new PublishRequest { UserId = userId, Type = type.Name, Id = id, Data = type.Write(data) }, cancellationToken);
    }

    /// <summary>Publishes one event.</summary>
    /// <param name="request">The event; its id is made here when it has none.</param>
    /// <param name="cancellationToken">Gives up; the event may have been stored then.</param>
    /// <exception cref="ArgumentException">The user id is malformed.</exception>
    /// <exception cref="PublishRejectedException">The server refuses the event for good.</exception>
    /// <exception cref="ServerAnswerException">The server kept failing; the event is stored or not, and the same id may be published again.</exception>
    public async Task<PublishReceipt> PublishAsync(PublishRequest request, CancellationToken cancellationToken = default)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(WithId(request), RealtimeJsonContext.Default.PublishRequest);
        var answer = await PostAsync(body, cancellationToken).ConfigureAwait(false);
        return JsonSerializer.Deserialize(answer.Body, RealtimeJsonContext.Default.PublishReceipt) ?? throw Unreadable();
    }

    /// <summary>Publishes several events, of one user or many: all are stored or none.</summary>
    /// <param name="requests">The events, at most <see cref="MaxBatch"/>.</param>
    /// <param name="cancellationToken">Gives up; the events may have been stored then.</param>
    /// <returns>The receipts, in the order of the events.</returns>
    /// <exception cref="ArgumentException">There are too many, or a user id is malformed.</exception>
    /// <exception cref="PublishRejectedException">The server refuses one for good, and so all.</exception>
    /// <exception cref="ServerAnswerException">The server kept failing; the same ids may be published again.</exception>
    public async Task<IReadOnlyList<PublishReceipt>> PublishAsync(IReadOnlyList<PublishRequest> requests, CancellationToken cancellationToken = default)
    {
        if (requests is null) throw new ArgumentNullException(nameof(requests));
        if (requests.Count > MaxBatch) throw new ArgumentException($"At most {MaxBatch} events in one call.", nameof(requests));
        if (requests.Count == 0) return [];

        IReadOnlyList<PublishRequest> withIds = requests.Select(WithId).ToList();
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(withIds, RealtimeJsonContext.Default.IReadOnlyListPublishRequest);
        var answer = await PostAsync(body, cancellationToken).ConfigureAwait(false);
        var receipts = JsonSerializer.Deserialize(answer.Body, RealtimeJsonContext.Default.IReadOnlyListPublishReceipt);
        return receipts?.Count == requests.Count ? receipts : throw Unreadable();
    }

    /// <summary>Frees the connections.</summary>
    public void Dispose() => _rest.Dispose();

    private PublishRequest WithId(PublishRequest request)
    {
        if (request is null) throw new ArgumentNullException(nameof(request));
        if (!UserId.IsValid(request.UserId)) throw new ArgumentException($"'{request.UserId}' is not a user id: {UserId.Rule}.", nameof(request));
        return request.Id is null ? request with { Id = GuidVersion7.Create(_options.TimeProvider) } : request;
    }

    private async Task<RestAnswer> PostAsync(byte[] body, CancellationToken cancellationToken)
    {
        using var span = ClientTracing.StartPublish();
        try
        {
            return await _pipeline.ExecuteAsync(async ct => Accepted(await _rest.SendAsync(HttpMethod.Post, Routes.Events, body, ct).ConfigureAwait(false)), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            ClientTracing.Failed(span, fault);
            throw;
        }
    }

    private static RestAnswer Accepted(RestAnswer answer)
    {
        if (answer.IsSuccess) return answer;
        if (answer.Status is not (HttpStatusCode.BadRequest or HttpStatusCode.Forbidden or HttpStatusCode.RequestEntityTooLarge)) throw answer.ToException();

        var problem = Problem.Read(answer.Body);
        throw new PublishRejectedException(answer.Status, problem.Type, problem.Describe(answer.Status), problem.Errors ?? NoErrors);
    }

    private static RealtimeException Unreadable() => new("The server's receipt cannot be read; publishing again with the same id is safe.");

    private TimeSpan DelayBefore(int retry, Exception? error) =>
        RetryAfter.Respect(ExponentialBackoffRetryPolicy.DelayFor(retry, jitter: 0.5, _options.Jitter), error, _options.Jitter);
}

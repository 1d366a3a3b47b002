using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Server.Api;
using Realtime.Server.Publishing;

namespace Realtime.Server.Limits;

/// <summary>How often users, publishers and all together may ask this node for something. Thread-safe.</summary>
internal sealed class RequestLimits(IOptions<RealtimeOptions> options, LimitReports reports, TimeProvider time, Func<double> jitter) : IDisposable
{
    private readonly PartitionedRateLimiter<string>? _requests = TokenBuckets.OfEach(options.Value.RateLimits.RequestsPerSecondPerUser);
    private readonly PartitionedRateLimiter<string>? _events = TokenBuckets.OfEach(options.Value.RateLimits.EventsPerSecondPerPublisher, EventRules.MaxArray);
    private readonly TokenBucketRateLimiter? _connects = TokenBuckets.OfAll(options.Value.RateLimits.ConnectsPerSecond);
    private readonly ComeBack _comeBack = new(Math.Max(1, options.Value.RateLimits.ConnectsPerSecond), time, jitter);

    /// <summary>A user asks for something.</summary>
    /// <param name="userId">Of the token.</param>
    /// <param name="isTaken">Whether the request counts; else it only asks whether it would be let in.</param>
    /// <returns>The refusal, if it is one too many.</returns>
    public Problem? Request(string userId, bool isTaken = true)
    {
        if (_requests is null) return null;
        using var lease = _requests.AttemptAcquire(userId, isTaken ? 1 : 0);
        return lease.IsAcquired ? null : Refuse(Limit.RequestsOfUser, userId, "This user sends too many requests.", ComeBack.Between(1, TokenBuckets.Seconds, jitter));
    }

    /// <summary>A publisher brings so many events.</summary>
    /// <returns>The refusal, if they are too many; none of them counts then.</returns>
    public Problem? Publish(string publisher, int events)
    {
        if (_events is null) return null;
        using var lease = _events.AttemptAcquire(publisher, events);
        return lease.IsAcquired ? null : Refuse(Limit.EventsOfPublisher, publisher, "This publisher sends too many events.", ComeBack.Between(1, TokenBuckets.Seconds, jitter));
    }

    /// <summary>Somebody connects to this node.</summary>
    /// <param name="userId">Who.</param>
    /// <param name="isTaken">Whether the connect counts; else it only asks whether it would be let in.</param>
    /// <returns>The refusal, if there are too many at the same time.</returns>
    public Problem? Connect(string userId, bool isTaken = true)
    {
        if (_connects is null) return null;
        using var lease = _connects.AttemptAcquire(isTaken ? 1 : 0);
        return lease.IsAcquired ? null : Refuse(Limit.ConnectsOfNode, userId, "Too many clients connect at the same time.", _comeBack.Next());
    }

    public void Dispose()
    {
        _requests?.Dispose();
        _events?.Dispose();
        _connects?.Dispose();
    }

    private Problem Refuse(Limit limit, string userId, string title, int seconds)
    {
        reports.Reached(limit, userId);
        return Problem.Limited(StatusCodes.Status429TooManyRequests, ProblemTypes.TooManyRequests, title, limit.Name(), seconds);
    }
}

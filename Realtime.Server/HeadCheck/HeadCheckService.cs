using Microsoft.Extensions.Options;
using Realtime.Server.EventStore;
using Realtime.Server.FanOut;
using Realtime.Server.Telemetry;

namespace Realtime.Server.HeadCheck;

/// <summary>
/// Finds what was committed and not pushed here: a lost last event, a node that went deaf without noticing on a stream that
/// never goes quiet, an append made in SQL, and everything while Redis is away. Says when to look; <see cref="HeadCheckRound"/>
/// says what to do.
/// </summary>
internal sealed class HeadCheckService : BackgroundService
{
    private static readonly TimeSpan IntervalWhileAway = TimeSpan.FromMilliseconds(500);

    private readonly RedisShards? _redis;
    private readonly HeadCheckRound _round;
    private readonly RealtimeOptions _options;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _wake = new(0, 1);

    public HeadCheckService(
        ShardLifetimeManager manager, IEventStore store, IServiceProvider services, IOptions<RealtimeOptions> options, TimeProvider time,
        ServerMetrics metrics, ILogger<HeadCheckService> logger)
    {
        _redis = services.GetService<RedisShards>();
        _round = new HeadCheckRound(manager, store, services.GetService<IChangedStreams>(), () => IsAway, time, metrics.Repaired, logger, metrics);
        (_options, _time) = (options.Value, time);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_redis is not null) _redis.Changed += Wake;
        try
        {
            while (true)
            {
                await WaitAsync(IsAway ? IntervalWhileAway : _options.HeadCheckInterval, stoppingToken);
                await _round.CheckAllAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
        finally
        {
            if (_redis is not null) _redis.Changed -= Wake;
        }
    }

    private bool IsAway => _redis?.IsAway == true;

    /// <summary>Has all users checked without waiting for the interval to end. Returns at once.</summary>
    public void CheckSoon() => Wake(sender: null, EventArgs.Empty);

    /// <summary>Checks some users now, see <see cref="HeadCheckRound.CheckNowAsync"/>.</summary>
    /// <param name="names">Their groups.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public Task CheckNowAsync(IEnumerable<string> names, CancellationToken cancellationToken) => _round.CheckNowAsync(names, cancellationToken);

    private void Wake(object? sender, EventArgs e)
    {
        lock (_wake)
        {
            if (_wake.CurrentCount == 0) _wake.Release();
        }
    }

    private async Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_wake.WaitAsync(stop.Token), Task.Delay(limit, _time, stop.Token));
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}

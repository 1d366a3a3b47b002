using Realtime.Server.EventStore;
using Realtime.Server.Telemetry;

namespace Realtime.Server;

/// <summary>
/// Prepares the store before the server opens. A store that is not reachable does not hold the server back: it opens,
/// answers 503 and "not ready", and goes on trying. A store that can never be used, such as one with a newer schema, ends it.
/// </summary>
internal sealed class StoreStartup(IEventStore store, IHostApplicationLifetime host, TimeProvider time, ILogger<StoreStartup> logger) : IHostedService, IDisposable
{
    private static readonly TimeSpan FirstAttempt = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _initialized = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _initialized = InitializeAsync(_stopping.Token);
        await Task.WhenAny(_initialized, _tried.Task, Task.Delay(FirstAttempt, time, cancellationToken));
        if (_initialized.IsFaulted) await _initialized; // not a matter of time
        _ = EndHostOnFaultAsync();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _initialized.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_initialized.IsFaulted) await _initialized; // why the host stopped
    }

    public void Dispose() => _stopping.Dispose();

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await store.InitializeAsync(cancellationToken);
                ServerLog.StoreReady(logger, store.GetType().Name);
                return;
            }
            catch (StoreUnavailableException fault)
            {
                ServerLog.StoreNotReachable(logger, fault, RetryDelay);
                _tried.TrySetResult();
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    private async Task EndHostOnFaultAsync()
    {
        await _initialized.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_initialized.IsFaulted) return;
        ServerLog.StoreUnusable(logger, _initialized.Exception.InnerException!);
        host.StopApplication();
    }
}

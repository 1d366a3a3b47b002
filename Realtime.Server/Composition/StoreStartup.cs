using Realtime.Server.EventStore;
using Realtime.Server.EventStore.Schema;
using Realtime.Server.Telemetry;

namespace Realtime.Server;

/// <summary>
/// Prepares the store before the server opens. A store that is not reachable does not hold the server back: it opens,
/// answers 503 and "not ready", and goes on trying.
/// </summary>
internal sealed class StoreStartup(IEventStore store, TimeProvider time, ILogger<StoreStartup> logger) : IHostedService, IDisposable
{
    private static readonly TimeSpan FirstAttempt = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource _stopping = new();
    private Task _initialized = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _initialized = InitializeAsync(_stopping.Token);
        await Task.WhenAny(_initialized, Task.Delay(FirstAttempt, time, cancellationToken));
        if (_initialized.IsFaulted) await _initialized;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _initialized.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
            catch (SchemaTooNewException fault)
            {
                throw new RealtimeConfigurationException([fault.Message]); // waiting does not help
            }
            catch (StoreUnavailableException fault)
            {
                ServerLog.StoreNotReachable(logger, fault, RetryDelay);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }
}

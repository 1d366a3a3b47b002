namespace Realtime.Server.Draining;

/// <summary>
/// Puts the drain before everything else that a stopping host does. SignalR cuts all connections as soon as the host says
/// "stopping", so that must wait: a host that is stopped by code awaits <see cref="StoppingAsync"/>, which comes before it; one that is
/// stopped by a signal says it first, but its stop goes on only when all who listen have returned, the youngest listener first.
/// </summary>
internal sealed class DrainAtStop(Drain drain, StopSignals signals, IHostApplicationLifetime host) : IHostedLifecycleService, IDisposable
{
    private CancellationTokenRegistration _stopping;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The host listens to signals by now, the endpoints are mapped, and SignalR listens to the host: all are told after us.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        signals.Listen();
        _stopping = host.ApplicationStopping.Register(WaitForDrain);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await using var late = cancellationToken.Register(drain.Hurry); // the host's patience ends before the window does
        await drain.RunAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Dispose();

    /// <summary>Blocks on purpose, which is how a listener holds up a stop; no request's thread does it.</summary>
    private void WaitForDrain()
    {
#pragma warning disable MA0045 // there is no asynchronous form of this notification
        drain.RunAsync().GetAwaiter().GetResult();
#pragma warning restore MA0045
    }
}

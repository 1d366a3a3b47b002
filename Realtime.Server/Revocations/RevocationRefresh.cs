using Realtime.Server.EventStore;
using Realtime.Server.Hubs;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Revocations;

/// <summary>
/// Keeps this node's <see cref="RevocationList"/> as the store has it, and ends connections accordingly. Looks every second for what
/// has changed, at once when it is told to, and reads everything at the start, after an outage, when the history is another, and
/// now and then. Loaded before the server opens when the store answers; until then no token is accepted. When the store goes away
/// later, the copy stays valid: nobody can revoke anything without the store.
/// </summary>
internal sealed class RevocationRefresh(
    IRevocationStore store, RevocationList list, HubConnections connections, RevokedConnections revoked, TimeProvider time, ILogger<RevocationRefresh> logger)
    : BackgroundService
{
    /// <summary>From one look to the next: what a revocation waits for when no hint of it arrives.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Looks are at least this far apart, however many hints Redis brings.</summary>
    internal static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(100);

    /// <summary>Looks from one reading of everything to the next: what the store has forgotten is forgotten here too.</summary>
    private const int LooksBetweenWhole = 300;

    private readonly SemaphoreSlim _looking = new(1, 1);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private RevocationMark? _mark;
    private bool _hasFailed;
    private int _looks;

    /// <summary>Has the store asked without waiting for the interval to end. Returns at once.</summary>
    public void LookSoon()
    {
        lock (_wake)
        {
            if (_wake.CurrentCount == 0) _wake.Release();
        }
    }

    /// <summary>Asks the store now: what it held before the call has taken effect on this node afterwards, unless the store went away meanwhile. Never throws but for the token.</summary>
    public async Task LookNowAsync(CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken);
        try
        {
            await LookAsync(cancellationToken);
            if (_hasFailed) ServerLog.RevocationsKnownAgain(logger);
            _hasFailed = false;
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            if (!_hasFailed) ServerLog.RevocationsNotRead(logger, fault);
            _hasFailed = true;
        }
        finally
        {
            _looking.Release();
        }
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await LookNowAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await WaitAsync(Interval - Spacing, stoppingToken);
                await LookNowAsync(stoppingToken);
                await Task.Delay(Spacing, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var before = _mark;
        bool isWhole = before is null || _hasFailed || ++_looks % LooksBetweenWhole == 0;
        var changes = await store.ReadChangesAsync(isWhole ? 0 : before!.Version, cancellationToken);
        if (!isWhole && !before!.IsContinuedBy(changes.Mark))
        {
            isWhole = true;
            changes = await store.ReadChangesAsync(since: 0, cancellationToken);
        }

        if (isWhole) list.Replace(changes.Entries);
        else if (changes.Entries.Count > 0) list.Apply(changes.Entries);
        if (isWhole || changes.Entries.Count > 0) revoked.EndRevoked(connections.All);

        // What was asked for in another history, or before this node began, is not for the connections of now.
        if (before?.IsContinuedBy(changes.Mark) == true) Disconnect(changes.Entries.Where(e => e.Kind == RevocationKind.Disconnect && e.Version > before.Version));
        _mark = changes.Mark;
    }

    private void Disconnect(IEnumerable<RevocationEntry> asked)
    {
        var users = asked.Select(entry => entry.Subject).ToHashSet(StringComparer.Ordinal);
        if (users.Count > 0) revoked.Disconnect(connections.All, users);
    }

    private async Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_wake.WaitAsync(stop.Token), Task.Delay(limit, time, stop.Token));
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}

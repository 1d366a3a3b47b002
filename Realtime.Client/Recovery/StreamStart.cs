using Microsoft.Extensions.Logging;
using Realtime.Client.Connection;
using Realtime.Client.Cursors;
using Realtime.Client.Telemetry;

namespace Realtime.Client.Recovery;

/// <summary>
/// Puts the cursor where the stream is to be read from, at the start and after a loss. It tries for ever, for nothing may be
/// delivered from a place that is not saved.
/// </summary>
internal sealed class StreamStart(AgentEventsClientOptions options, IMissedEvents missed, CursorKeeper cursors, ILogger logger)
{
    private readonly TaskCompletionSource<bool> _found = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failures;

    /// <summary>Completes when the first place is known and saved.</summary>
    public Task Found => _found.Task;

    /// <summary>The time from which the stream is wanted, until a page has said which position that is.</summary>
    public DateTimeOffset? Since { get; private set; }

    /// <summary>The stored cursor, or where the options say.</summary>
    public async Task ResolveAsync(CancellationToken stopping)
    {
        var start = options.StartFrom;
        if (start.Kind == StartKind.Cursor)
        {
            if (await cursors.LoadAsync(stopping).ConfigureAwait(false) is { } stored)
            {
                cursors.Resume(stored);
                Begin();
                return;
            }

            start = start.Otherwise!;
        }

        await PutAsync(start, stopping).ConfigureAwait(false);
    }

    /// <summary>Places the cursor, asking the server as long as it takes.</summary>
    public async Task PutAsync(StartFrom start, CancellationToken stopping)
    {
        Since = null;
        switch (start.Kind)
        {
            case StartKind.After:
                await PlaceAsync(new StartPlace(start.Position), stopping).ConfigureAwait(false);
                return;
            case StartKind.Since:
                Since = start.Time;
                return;
        }

        StartPlace? place = null;
        while (place is null)
        {
            try
            {
                place = await StartPlaces.FindAsync(missed, start.Kind, stopping).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is not AccessDeniedException)
            {
                await PauseAsync(fault, stopping).ConfigureAwait(false);
            }
        }

        await PlaceAsync(place, stopping).ConfigureAwait(false);
    }

    /// <summary>Puts the cursor at a known place.</summary>
    public async Task PlaceAsync(StartPlace place, CancellationToken stopping)
    {
        await cursors.PutAsync(place.Position, place.Id, place.Time, stopping).ConfigureAwait(false);
        Since = null;
        _failures = 0;
        Begin();
    }

    private Task PauseAsync(Exception fault, CancellationToken stopping)
    {
        stopping.ThrowIfCancellationRequested();
        var wait = RetryAfter.Respect(ExponentialBackoffRetryPolicy.DelayFor(_failures, jitter: 0.5, options.Jitter), fault, options.Jitter);
        if (_failures < int.MaxValue) _failures++;
        ClientLog.StartFailed(logger, _failures, wait, fault);
        return options.TimeProvider.Wait(wait, stopping);
    }

    private void Begin()
    {
        if (_found.TrySetResult(true)) ClientLog.Starting(logger, cursors.Current!.Position);
    }
}

using Realtime.Contracts;

namespace Realtime.Client.Recovery;

/// <summary>A place to start from; with the event that stands there, when it was seen.</summary>
internal sealed record StartPlace(StreamPosition Position, Guid? Id = null, DateTimeOffset? Time = null);

/// <summary>Asks the server where its stream begins and ends.</summary>
internal static class StartPlaces
{
    /// <exception cref="RealtimeException">The server gave no usable answer; asking again may help.</exception>
    public static async Task<StartPlace> FindAsync(IMissedEvents missed, StartKind kind, CancellationToken cancellationToken)
    {
        var answer = await missed.AskAsync(new EventsQuestion { Limit = 1 }, cancellationToken).ConfigureAwait(false);
        if (answer is not EventsAnswer.Page { Content: var page }) throw new RealtimeException("The server has lost a history that was not asked for.");

        if (kind == StartKind.Beginning) return new StartPlace(page.Oldest.At(page.Oldest.Sequence - 1));
        if (page.Head.Sequence < page.Oldest.Sequence) return new StartPlace(page.Head);

        // The event at the head is fetched for its id and time: with them a rewritten history is noticed later,
        // and the stream can be continued by time when its epoch has changed.
        var beforeHead = page.Head.At(page.Head.Sequence - 1);
        answer = await missed.AskAsync(new EventsQuestion { After = beforeHead, Limit = 1 }, cancellationToken).ConfigureAwait(false);
        if (answer is EventsAnswer.Page { Content.Events: [var head, ..] } && head.Position == page.Head) return new StartPlace(head.Position, head.Id, head.Time);

        // Trimmed or rewritten since. Without its time the next loss would have to begin at the oldest event, and repeat.
        throw new RealtimeException($"The event at the head {page.Head} was gone when it was asked for.");
    }
}

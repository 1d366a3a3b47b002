namespace Realtime.Client.Recovery;

/// <summary>Answers questions for events that were not pushed.</summary>
internal interface IMissedEvents
{
    /// <summary>Asks; a failure may be worth another question later.</summary>
    /// <exception cref="AccessDeniedException">The token is another user's.</exception>
    ValueTask<EventsAnswer> AskAsync(EventsQuestion question, CancellationToken cancellationToken);
}

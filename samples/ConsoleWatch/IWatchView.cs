using Realtime.Client;
using Realtime.Contracts;

namespace ConsoleWatch;

/// <summary>Shows events: alive in a terminal, a line each into a pipe, or JSON.</summary>
internal interface IWatchView
{
    /// <summary>Starts the client and shows what comes until the token is cancelled.</summary>
    Task RunAsync(CancellationToken cancellationToken);

    /// <param name="e">The event.</param>
    /// <param name="isMissed">Whether it happened while we were not connected, and was fetched.</param>
    Task ShowAsync(AgentEvent e, bool isMissed);

    void HistoryLost(HistoryLostEventArgs lost);

    /// <summary>Everything missed has been shown.</summary>
    void CaughtUp();
}

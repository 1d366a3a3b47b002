using System.Globalization;
using Realtime.Contracts;

namespace Realtime.Client.Recovery;

/// <summary>One question for missed events.</summary>
internal sealed record EventsQuestion
{
    /// <summary>Events after this position; exclusive with <see cref="Since"/>.</summary>
    public StreamPosition? After { get; init; }

    /// <summary>Time of the event at <see cref="After"/>, so that the server notices a rewritten history.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>Events later than this time.</summary>
    public DateTimeOffset? Since { get; init; }

    public required int Limit { get; init; }

    /// <summary>The user is always named: a token of another user must be refused, not answered with that user's events.</summary>
    public string ToPathAndQuery(string userId)
    {
        string query = $"{Routes.Events}?user_id={Uri.EscapeDataString(userId)}&limit={Limit.ToString(CultureInfo.InvariantCulture)}";
        if (After is { } after) query += "&after=" + Uri.EscapeDataString(after.ToString());
        if (Time is { } time) query += "&time=" + Uri.EscapeDataString(EventTime.Format(time));
        if (Since is { } since) query += "&since=" + Uri.EscapeDataString(EventTime.Format(since));
        return query;
    }
}

/// <summary>The answer to an <see cref="EventsQuestion"/>.</summary>
internal abstract record EventsAnswer
{
    private EventsAnswer()
    {
    }

    /// <summary>Events, oldest first.</summary>
    internal sealed record Page(Contracts.Rest.EventPage Content) : EventsAnswer;

    /// <summary>The stream cannot be continued from there.</summary>
    internal sealed record Lost(HistoryLostReason Reason, StreamPosition Head, StreamPosition Oldest) : EventsAnswer;
}

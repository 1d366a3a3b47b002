using Realtime.Contracts;

namespace Realtime.Server.Api;

/// <summary>An error answer (RFC 9457) before it is written.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Type">One of <see cref="ProblemTypes"/>.</param>
/// <param name="Title">What is wrong, the same sentence for each occurrence.</param>
/// <param name="Detail">What is wrong this time.</param>
internal sealed record Problem(int Status, string Type, string Title, string? Detail)
{
    private static readonly IReadOnlyDictionary<string, object?> Nothing = new Dictionary<string, object?>(0);

    /// <summary>Further members of the answer.</summary>
    public IReadOnlyDictionary<string, object?> Extensions { get; init; } = Nothing;

    /// <summary>Seconds for the <c>Retry-After</c> header.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>400 that names the field, in the detail and in <c>errors</c>.</summary>
    public static Problem Invalid(string field, string problem) =>
        new(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, "The request is not valid.", $"{field} {problem}.")
        {
            Extensions = new Dictionary<string, object?> { ["errors"] = new Dictionary<string, string[]> { [field] = [problem] } },
        };

    /// <summary>The same for a query parameter.</summary>
    public static Problem Invalid((string Name, string Problem) fault) => Invalid(fault.Name, fault.Problem);

    /// <summary>413.</summary>
    public static Problem TooLarge(long maxBytes) =>
        new(StatusCodes.Status413PayloadTooLarge, ProblemTypes.TooLarge, "The body is too large.", $"At most {maxBytes} bytes are taken.");

    /// <summary>A limit was reached; nothing was done.</summary>
    /// <param name="status">429, or 503 where it is not the caller's doing.</param>
    /// <param name="type">One of <see cref="ProblemTypes"/>.</param>
    /// <param name="title">Which limit, in words.</param>
    /// <param name="limit">Its name, for programs.</param>
    /// <param name="seconds">When to come back.</param>
    public static Problem Limited(int status, string type, string title, string limit, int seconds) => new(status, type, title, null)
    {
        RetryAfter = seconds,
        Extensions = new Dictionary<string, object?>(1) { ["limit"] = limit },
    };

    /// <summary>503; a retry with the same ids is safe.</summary>
    public static Problem StoreUnavailable(string detail, IReadOnlyList<Guid>? ids = null) =>
        new(StatusCodes.Status503ServiceUnavailable, ProblemTypes.StoreUnavailable, "The event store does not answer.", detail)
        {
            RetryAfter = 1,
            Extensions = ids is null ? Nothing : new Dictionary<string, object?> { ["ids"] = ids },
        };

    /// <summary>410 with why, and where the stream can be continued.</summary>
    public static Problem HistoryLost(EventStore.StreamHistoryLost lost) =>
        new(StatusCodes.Status410Gone, ProblemTypes.HistoryLost, "The stream cannot be continued from there.", null)
        {
            Extensions = new Dictionary<string, object?>
            {
                ["reason"] = NameOf(lost.Reason),
                ["head"] = lost.Head.ToString(),
                ["oldest"] = lost.Oldest.ToString(),
            },
        };

    /// <summary>The reason's name on the wire.</summary>
    internal static string NameOf(HistoryLostReason reason) => reason switch
    {
        HistoryLostReason.EpochChanged => "epoch_changed",
        HistoryLostReason.AheadOfHead => "ahead_of_head",
        HistoryLostReason.Trimmed => "trimmed",
        _ => "forked",
    };
}

using System.Net;
using System.Text.Json;
using Realtime.Contracts;

namespace Realtime.Client.Recovery;

/// <summary>The members of a ProblemDetails that the client understands. All are optional: a proxy's page has none of them.</summary>
internal sealed record Problem
{
    public string? Type { get; init; }

    public string? Title { get; init; }

    public string? Detail { get; init; }

    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors { get; init; }

    public HistoryLostReason? Reason { get; init; }

    public StreamPosition? Head { get; init; }

    public StreamPosition? Oldest { get; init; }

    /// <summary>What the body says; empty when it is not a ProblemDetails.</summary>
    public static Problem Read(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, ClientJsonContext.Default.Problem) ?? new Problem();
        }
        catch (JsonException)
        {
            // An error page of something in between. Its status is all there is to know.
            return new Problem();
        }
    }

    public string Describe(HttpStatusCode status) =>
        $"The server answered {(int)status}{(Title is null ? string.Empty : $" ({Title})")}{(Detail is null ? string.Empty : $": {Detail}")}";
}

using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Hostile;

/// <summary>Something that is done to a server for a while.</summary>
/// <param name="Name">On the command line.</param>
/// <param name="What">In the table.</param>
/// <param name="RunAsync">Does it and takes everything back; says what was answered.</param>
internal sealed record Attack(string Name, string What, Func<SystemUnderTest, Scale, Task<string>> RunAsync)
{
    public static readonly IReadOnlyList<Attack> All =
    [
        new("half-open", "10,000 connections with half a request, held", HalfOpen.RunAsync),
        new("slow-headers", "1,000 connections, negotiate and REST, headers byte by byte, made anew when cut", SlowRequests.HeadersAsync),
        new("slow-bodies", "1,000 publishes with a good token, bodies byte by byte, made anew when cut", SlowRequests.BodiesAsync),
        new("large-bodies", "40 bodies of 100 MB with a good token, half with a length, half in chunks, 8 at once", LargeBodies.RunAsync),
        new("never-read", "1,000 connections of 10 users that never read, 100 events of 16 KB to each user", NeverRead.RunAsync),
    ];
}

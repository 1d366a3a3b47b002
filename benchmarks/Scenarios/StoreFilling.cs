using System.Globalization;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>
/// Fills our empty schema as years of appends would have: gapless numbers, rising times and the counter row of each stream. The
/// events are some days old, one a second, so that retention finds nothing expired by itself.
/// </summary>
/// <param name="OfOne">Events of <c>user_0</c>.</param>
/// <param name="Others">Further users with <see cref="OfEachOther"/> events each.</param>
internal sealed record StoreFilling(int OfOne, int Others)
{
    public const int OfEachOther = 10_000;
    private const int RowsPerCall = 200_000;

    public async Task WriteAsync(Func<string, Task> execute)
    {
        for (int first = 1; first <= OfOne; first += RowsPerCall) await execute(Events("0", first, Math.Min(OfOne, first + RowsPerCall - 1)));
        const int UsersPerCall = RowsPerCall / OfEachOther;
        for (int user = 1; user <= Others; user += UsersPerCall)
            await execute(Events(Invariant($"generate_series({user}, {Math.Min(Others, user + UsersPerCall - 1)})"), 1, OfEachOther));
        await execute(
            """
            insert into realtime.streams (user_id, sequence, last_time, retained_since)
                select user_id, max(sequence), max(time), min(time) from realtime.events group by user_id;
            """);
        await execute("vacuum analyze realtime.events, realtime.streams;\ncheckpoint;");
    }

    private static string Events(string users, int first, int last) => Invariant(
        $"""
        insert into realtime.events (user_id, sequence, id, type, time, data, size)
            select 'user_' || u, s, gen_random_uuid(), 'briefing.delivered', now() - interval '25 days' + s * interval '1 s', to_json(repeat('s', 400)), 402
            from (select {users} as u) users, generate_series({first}, {last}) as s;
        """);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.Text.Json;
using Dapper;
using Npgsql;

namespace Realtime.Baselines;

/// <summary>One row per event, one INSERT each, found again by time.</summary>
internal sealed class EventTable(NpgsqlDataSource source) : IAsyncDisposable
{
    public async Task CreateAsync()
    {
        await using var connection = await source.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            create table if not exists events (
                id uuid primary key, user_id text not null, type text not null, time timestamptz not null default clock_timestamp(), data json not null);
            create index if not exists events_by_user on events (user_id, time);
            """);
    }

    public async Task<DateTime> InsertAsync(Guid id, PublishRequest request)
    {
        await using var connection = await source.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<DateTime>(
            "insert into events (id, user_id, type, data) values (@Id, @UserId, @Type, @Data::json) returning time",
            new { Id = id, request.UserId, request.Type, Data = request.Data.GetRawText() });
    }

    public async Task<IEnumerable<EventMessage>> ReadSinceAsync(string userId, DateTime since)
    {
        await using var connection = await source.OpenConnectionAsync();
        var rows = await connection.QueryAsync<Row>(
            "select id, type, time, data::text as data from events where user_id = @UserId and time > @Since order by time limit 500",
            new { UserId = userId, Since = since.ToUniversalTime() });
        return rows.Select(r => new EventMessage(r.Id, r.Type, r.Time, JsonElement.Parse(r.Data)));
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private sealed record Row(Guid Id, string Type, DateTime Time, string Data);
}

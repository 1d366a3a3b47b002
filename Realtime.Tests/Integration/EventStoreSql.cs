using Npgsql;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Plain SQL beside the store, as an application or an operator would run it.</summary>
internal static class EventStoreSql
{
    public static async Task<object?> RunAsync(this NpgsqlConnection connection, string sql, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (object value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteScalarAsync().WithinDeadline();
    }
}

using System.Text.Json.Serialization;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Realtime.Server;
using Realtime.Server.Publishing;

namespace Realtime.Tests.Docs;

/// <summary>The C# of docs/publish-from-sql.md; <see cref="PublishFromSqlTests"/> compares the two and runs it.</summary>
static class PublishFromSqlSnippets
{
    internal static void AddPublisher(HostApplicationBuilder builder)
    {
        builder.AddRealtimePublisher(types => types.Add("order.placed", ShopJsonContext.Default.OrderPlaced));
    }

    internal static async Task PlaceOrderAsync(NpgsqlDataSource database, IAgentEventPublisher publisher, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct); // an NpgsqlDataSource of yours
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var insert = new NpgsqlCommand("insert into orders (user_id, total) values ('user_42', 46) returning id", connection, transaction);
        long orderId = (long)(await insert.ExecuteScalarAsync(ct))!;

        var receipt = await publisher.AppendAsync(transaction, "user_42", new OrderPlaced(orderId, 46), cancellationToken: ct);
        await transaction.CommitAsync(ct);
    }

    internal sealed record OrderPlaced(long OrderId, decimal Total);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PublishFromSqlSnippets.OrderPlaced))]
internal sealed partial class ShopJsonContext : JsonSerializerContext;

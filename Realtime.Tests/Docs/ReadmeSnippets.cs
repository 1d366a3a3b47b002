using Dapper;
using ExactlyOnce;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realtime.Client;
using Realtime.Contracts.Events;
using Realtime.Server;
using Realtime.Server.Publishing;

namespace Realtime.Tests.Docs;

/// <summary>The C# of README.md, so that it compiles; <see cref="DocumentBlocksTests"/> compares the two.</summary>
static class ReadmeSnippets
{
    internal static async Task ReceiveAsync(Tokens tokens, Func<AgentStepCompleted, CancellationToken, Task> Show, CancellationToken ct)
    {
        await using var client = new AgentEventsClient(new AgentEventsClientOptions
        {
            ServerUrl = new Uri("https://realtime.example.com"),
            UserId = "user_42",
            AccessTokenProvider = ct => tokens.GetAsync(ct),
            CursorStore = new FileCursorStore("cursor.json"),
        });
        client.On<AgentStepCompleted>(async (e, ct) => await Show(e.Data, ct));
        await client.StartAsync(ct);
    }

    internal static void ExactlyOnce(AgentEventsClient client, Database database, SqliteCursorStore cursors)
    {
        client.On(async (e, ct) =>
        {
            await using var connection = await database.OpenAsync(ct);
            await using var transaction = connection.BeginTransaction();
            if (!await cursors.TryPassAsync(e, transaction, ct)) return; // its effect is there already
            await connection.ExecuteAsync("insert into effects (id, type) values (@Id, @Type)", new { Id = e.Id.ToString(), e.Type }, transaction);
            await transaction.CommitAsync(ct);
        });
    }

    internal static async Task PublishAsync(string[] args, AgentStepCompleted step)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.AddRealtimePublisher(); // ConnectionStrings: Postgres, Redis
        using var host = builder.Build();
        await host.StartAsync();

        var publisher = host.Services.GetRequiredService<IAgentEventPublisher>();
        var brake = host.Services.GetRequiredService<IAgentBrake>();
        if ((await brake.ReadAsync("user_42")).Engaged) return; // the user's emergency brake: ask before each step
        var receipt = await publisher.PublishAsync("user_42", step);
    }

    internal static void Host_(WebApplicationBuilder builder)
    {
        builder.AddRealtimeServer();
        var app = builder.Build();
        app.MapRealtime();
    }

    internal sealed class Database(string connectionString)
    {
        public async Task<SqliteConnection> OpenAsync(CancellationToken cancellationToken)
        {
            var connection = new SqliteConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
    }

    internal sealed class Tokens
    {
        public ValueTask<string> GetAsync(CancellationToken _) => ValueTask.FromResult("a token of your identity provider");
    }
}

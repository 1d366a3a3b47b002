using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realtime.Client;
using Realtime.Contracts.Events;
using Realtime.Server;
using Realtime.Server.Publishing;

namespace Realtime.Tests.Docs;

/// <summary>The C# of README.md, so that it compiles; <see cref="ReadmeTests"/> compares the two.</summary>
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

    internal sealed class Tokens
    {
        public ValueTask<string> GetAsync(CancellationToken _) => ValueTask.FromResult("a token of your identity provider");
    }
}

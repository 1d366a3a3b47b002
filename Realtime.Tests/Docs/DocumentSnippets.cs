using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Client;
using Realtime.Contracts.Events;
using Realtime.Server;
using Realtime.Server.Publishing;

namespace Realtime.Tests.Docs;

/// <summary>The C# of the documents under docs/, so that it compiles; <see cref="DocumentBlocksTests"/> compares the two.</summary>
static class DocumentSnippets
{
    public sealed class StatusHub : Hub
    {
        public override Task OnConnectedAsync() => Groups.AddToGroupAsync(Context.ConnectionId, "user:" + Context.UserIdentifier);
    }

    internal static void PlainHub(WebApplicationBuilder builder, WebApplication app, string redis)
    {
        builder.Services.AddSignalR().AddStackExchangeRedis(redis);
        app.MapHub<StatusHub>("/hubs/status");
    }

    internal static async Task PlainSendAsync(IHubContext<StatusHub> statusHub, string userId, AgentStepCompleted step)
    {
        await statusHub.Clients.Group("user:" + userId).SendAsync("StepCompleted", step);
    }

    internal static async Task SendAsync(IAgentEventPublisher publisher, string userId, AgentStepCompleted step)
    {
        await publisher.PublishAsync(userId, step);
    }

    internal static async Task PlainClientAsync(Uri url, Func<Task<string?>> GetTokenAsync, Action<AgentStepCompleted> Show, CancellationToken ct)
    {
        var connection = new HubConnectionBuilder()
            .WithUrl(url, o => o.AccessTokenProvider = GetTokenAsync)
            .WithAutomaticReconnect()
            .Build();
        connection.On<AgentStepCompleted>("StepCompleted", step => Show(step));
        await connection.StartAsync(ct);
    }

    internal static async Task ClientAsync(Uri url, string userId, Func<CancellationToken, ValueTask<string>> GetFreshTokenAsync, Func<AgentStepCompleted, Task> Show, CancellationToken ct)
    {
        await using var client = new AgentEventsClient(new AgentEventsClientOptions
        {
            ServerUrl = url,
            UserId = userId,
            AccessTokenProvider = GetFreshTokenAsync,
            CursorStore = new FileCursorStore("cursor.json"),
        });
        client.On<AgentStepCompleted>((e, ct) => Show(e.Data));
        await client.StartAsync(ct);
    }

    internal static async Task PublishOverHttpAsync(ReadmeSnippets.Tokens tokens)
    {
        using var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions
        {
            ServerUrl = new Uri("https://realtime.example.com"),
            AccessTokenProvider = ct => tokens.GetAsync(ct),
        });
        var receipt = await publisher.PublishAsync("user_42", new BriefingDelivered { BriefingId = "b1", Title = "Morning", Channel = "email", ItemCount = 3 });
    }

    internal static void OwnTypes(WebApplicationBuilder builder)
    {
        builder.AddRealtimeServer(types => types.Add("order.placed", ShopJsonContext.Default.OrderPlaced));
    }
}

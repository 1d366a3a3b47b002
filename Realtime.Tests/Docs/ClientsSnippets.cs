using System.Collections.ObjectModel;
using FeedLibrary;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realtime.Client;
using Realtime.Client.Testing;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Serialization;
using Realtime.Server;
using static Realtime.Tests.Docs.ReadmeSnippets;

namespace Realtime.Tests.Docs;

/// <summary>The C# of docs/clients.md and of the packages' READMEs; <see cref="ClientsPageTests"/> compares them and runs what can be run.</summary>
static class ClientsSnippets
{
    internal interface IDatabase
    {
        Task SaveAsync(Guid id, object data, CancellationToken cancellationToken);
    }

    internal static async Task ReceiveAsync(Tokens tokens, Func<AgentStepCompleted, CancellationToken, Task> Show, Action<string> Tell, CancellationToken ct)
    {
        await using var client = new AgentEventsClient(new AgentEventsClientOptions
        {
            ServerUrl = new Uri("https://realtime.example.com"),
            UserId = "user_42",
            AccessTokenProvider = ct => tokens.GetAsync(ct),
            CursorStore = new FileCursorStore("cursor.json"),
        });
        client.On<AgentStepCompleted>(async (e, ct) => await Show(e.Data, ct));
        client.HistoryLost += (_, lost) => Tell($"Events are missing ({lost.Reason}); going on from {lost.ContinueFrom}.");
        await client.StartAsync(ct);
    }

    internal static void AddToHost(HostApplicationBuilder builder)
    {
        builder.Services.AddAgentEventsClient((services, o) => o.AccessTokenProvider = services.GetRequiredService<Tokens>().GetAsync)
            .Bind(builder.Configuration.GetSection("AgentEvents"))
            .AddHandler<StepHandler>()
            .SetUp((services, client) => client.HistoryLost += services.GetRequiredService<Losses>().Report)
            .StopHostOnFailure();
        builder.Services.AddHealthChecks().AddAgentEventsClient();
    }

    internal sealed class StepHandler(IDatabase database) : IAgentEventHandler<AgentStepCompleted>, IAgentEventHandler<BriefingDelivered>
    {
        public Task HandleAsync(AgentEvent<AgentStepCompleted> e, CancellationToken ct) => database.SaveAsync(e.Id, e.Data, ct);

        public Task HandleAsync(AgentEvent<BriefingDelivered> e, CancellationToken ct) => database.SaveAsync(e.Id, e.Data, ct);
    }

    internal static async Task TestAsync(IAgentEventHandler<BriefingDelivered> handler)
    {
        await using var server = await AgentEventsTestServer.StartAsync();
        await using var client = new AgentEventsClient(server.ClientOptions("user_42"));
        client.On<BriefingDelivered>(handler.HandleAsync);
        await client.StartAsync();

        server.DropNextPush(); // stored, but its push is lost
        server.Publish("user_42", new BriefingDelivered { BriefingId = "b1", Title = "Morning", Channel = "email", ItemCount = 3 });
        server.CutConnections();
        var last = server.Publish("user_42", new BriefingDelivered { BriefingId = "b2", Title = "Evening", Channel = "email", ItemCount = 5 });

        await client.WaitForAsync(last.Position); // both were handled, in order
    }

    internal static void PointAtTestServer(IServiceCollection services, AgentEventsTestServer server)
    {
        services.PostConfigure<AgentEventsClientOptions>(o =>
        {
            o.ServerUrl = server.Url;
            o.AccessTokenProvider = server.ClientOptions("user_42").AccessTokenProvider;
        });
    }

    internal static void Contracts_()
    {
        var types = EventTypes.CreateDefault().Add("order.placed", ShopJsonContext.Default.OrderPlaced); // your own types, trim-safe
        var position = StreamPosition.Parse("k3f9.42"); // epoch and sequence: where an event stands in its user's stream
        _ = (types, position);
    }

    internal static void Publisher(HostApplicationBuilder builder)
    {
        builder.AddRealtimePublisher(); // ConnectionStrings: Postgres, Redis
    }

    internal static void Server_(WebApplicationBuilder builder)
    {
        builder.AddRealtimeServer();
        var app = builder.Build();
        app.MapRealtime();
    }

    internal sealed class Losses
    {
        public int Count { get; private set; }

        public void Report(object? sender, HistoryLostEventArgs lost) => Count++;
    }

    internal sealed class Window(AgentEventsClient client)
    {
        public ObservableCollection<string> Lines { get; } = [];

        public string Status { get; private set; } = string.Empty;

        internal void Bind()
        {
            var ui = SynchronizationContext.Current!; // of WPF, Windows Forms, Avalonia
            client.On((e, ct) => ui.RunAsync(() => Lines.Add(e.Type), ct));
            client.StateChanged += (_, change) => ui.Post(_ => Status = change.Current.Reason, null);
        }
    }
}

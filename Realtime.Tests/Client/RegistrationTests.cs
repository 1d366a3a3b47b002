using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

public sealed class RegistrationTests
{
    [Test]
    public async Task Client_runs_with_the_host_and_hands_events_to_typed_handlers()
    {
        await using var server = await FakeHubServer.StartedAsync();
        var received = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(received);
        builder.Services.AddAgentEventsClient(o =>
        {
            o.ServerUrl = server.Url;
            o.UserId = "user_1";
            o.AccessTokenProvider = _ => new ValueTask<string>("token");
            o.StartFrom = StartFrom.Beginning;
        }).AddHandler<BriefingDelivered, BriefingHandler>();
        using var host = builder.Build();
        await host.StartAsync().WithinDeadline();
        server.Stream.Append();
        await server.WaitForConnectionAsync();
        await server.PushHeadAsync();

        (await received.Task.WithinDeadline()).Should().Be(1);
        await host.StopAsync().WithinDeadline();
        host.Services.GetRequiredService<AgentEventsClient>().Status.State.Should().Be(ConnectionState.Stopped);
    }

    [Test]
    public async Task Host_starts_while_the_server_is_away()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddAgentEventsClient(o =>
        {
            o.ServerUrl = new Uri("http://127.0.0.1:9");
            o.UserId = "user_1";
            o.AccessTokenProvider = _ => new ValueTask<string>("token");
        });
        using var host = builder.Build();
        await host.StartAsync().WithinDeadline();
        await host.StopAsync().WithinDeadline();
    }

    sealed class BriefingHandler(TaskCompletionSource<int> received) : IAgentEventHandler<BriefingDelivered>
    {
        public Task HandleAsync(AgentEvent<BriefingDelivered> agentEvent, CancellationToken cancellationToken)
        {
            received.TrySetResult(agentEvent.Data.ItemCount);
            return Task.CompletedTask;
        }
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Realtime.Client;
using Realtime.Client.Testing;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

/// <summary>The client in a host: handlers, names, health.</summary>
public sealed class RegistrationTests
{
    AgentEventsTestServer _server = null!;

    [SetUp]
    public async Task Start() => _server = await AgentEventsTestServer.StartAsync().WithinDeadline();

    [TearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [Test]
    public async Task Client_runs_with_the_host_and_makes_a_handler_in_a_scope_of_its_own_for_each_event()
    {
        var builder = EmptyHost();
        builder.Services.AddSingleton<Seen>().AddScoped<Scoped>();
        AddClient(builder.Services, "user_1").AddHandler<BothHandler>();
        using var host = builder.Build();
        await host.StartAsync().WithinDeadline();
        _server.Publish("user_1", Briefing(1));
        _server.SetBrake("user_1", engaged: true);
        _server.Publish("user_1", Briefing(2));

        var seen = host.Services.GetRequiredService<Seen>();
        await Eventually.Async("all are handled", () => seen.Lines.Count == 3);
        seen.Lines.Select(l => l.What).Should().Equal("briefing 1", "brake", "briefing 2");
        seen.Lines.Select(l => l.Scope).Should().OnlyHaveUniqueItems();
        seen.Lines.Should().OnlyContain(l => l.Scope.IsDisposed);
        await host.StopAsync().WithinDeadline();
        host.Services.GetRequiredService<AgentEventsClient>().Status.State.Should().Be(ConnectionState.Stopped);
    }

    [Test]
    public async Task Handler_of_any_event_sees_unknown_types_too_and_runs_in_the_order_it_was_added()
    {
        var builder = EmptyHost();
        builder.Services.AddSingleton<Seen>().AddScoped<Scoped>();
        AddClient(builder.Services, "user_1").AddHandler<AnyHandler>().AddHandler<BothHandler>();
        using var host = builder.Build();
        await host.StartAsync().WithinDeadline();
        _server.PublishRaw("user_1", "robot.danced", "{}");
        _server.Publish("user_1", Briefing(1));

        var seen = host.Services.GetRequiredService<Seen>();
        await Eventually.Async("all are handled", () => seen.Lines.Count == 3);
        seen.Lines.Select(l => l.What).Should().Equal("any robot.danced", "any briefing.delivered", "briefing 1");
        await host.StopAsync().WithinDeadline();
    }

    [Test]
    public async Task Each_named_client_has_its_own_user_handlers_and_health()
    {
        var builder = EmptyHost();
        builder.Services.AddSingleton<Seen>().AddScoped<Scoped>();
        AddClient(builder.Services, "alice", "a").AddHandler<AnyHandler>();
        AddClient(builder.Services, "bob", "b").AddHandler<BothHandler>();
        builder.Services.AddHealthChecks().AddAgentEventsClient("a").AddAgentEventsClient("b");
        using var host = builder.Build();
        await host.StartAsync().WithinDeadline();
        _server.Publish("alice", Briefing(1));
        var seen = host.Services.GetRequiredService<Seen>();
        await Eventually.Async("alice's is handled", () => seen.Lines.Count == 1);
        _server.Publish("bob", Briefing(2));
        await Eventually.Async("bob's is handled", () => seen.Lines.Count == 2);

        seen.Lines.Select(l => l.What).Should().Equal("any briefing.delivered", "briefing 2");
        host.Services.GetService<AgentEventsClient>().Should().BeNull("both have a name");
        host.Services.GetRequiredKeyedService<AgentEventsClient>("a").Should().NotBeSameAs(host.Services.GetRequiredKeyedService<AgentEventsClient>("b"));
        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync().WithinDeadline();
        report.Entries.Keys.Should().BeEquivalentTo("agent_events:a", "agent_events:b");
        await host.StopAsync().WithinDeadline();
    }

    [Test]
    public async Task Registered_twice_it_is_one_client_with_both_handlers_and_the_last_word_on_options()
    {
        var builder = EmptyHost();
        builder.Services.AddSingleton<Seen>().AddScoped<Scoped>();
        AddClient(builder.Services, "overridden").AddHandler<AnyHandler>();
        AddClient(builder.Services, "user_1").AddHandler<BothHandler>();
        using var host = builder.Build();
        await host.StartAsync().WithinDeadline();
        _server.Publish("user_1", Briefing(1));

        var seen = host.Services.GetRequiredService<Seen>();
        await Eventually.Async("both are called", () => seen.Lines.Count == 2);
        _server.ConnectionCount.Should().BeLessThanOrEqualTo(1);
        await host.StopAsync().WithinDeadline();
    }

    [Test]
    public async Task Health_is_degraded_while_it_connects_healthy_when_connected_and_unhealthy_when_an_error_has_ended_it()
    {
        var builder = EmptyHost();
        builder.Services.AddSingleton<Seen>().AddScoped<Scoped>();
        AddClient(builder.Services, "user_1", configure: o => o.HandlerFailure = new HandlerFailurePolicy { MaxAttempts = 1 }).AddHandler<FailingHandler>();
        builder.Services.AddHealthChecks().AddAgentEventsClient();
        using var host = builder.Build();
        var health = host.Services.GetRequiredService<HealthCheckService>();
        (await EntryAsync()).Status.Should().Be(HealthStatus.Degraded);

        await host.StartAsync().WithinDeadline();
        await Eventually.Async("it is healthy", async () => (await EntryAsync()).Status == HealthStatus.Healthy);
        _server.Publish("user_1", Briefing(1));
        await Eventually.Async("it is unhealthy", async () => (await EntryAsync()).Status == HealthStatus.Unhealthy);

        var entry = await EntryAsync();
        entry.Exception.Should().BeOfType<HandlerFailedException>();
        entry.Data["state"].Should().Be("Stopped");
        entry.Data["position"].Should().Be(_server.HeadOf("user_1").At(0).ToString());
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested.Should().BeFalse("nobody asked for it");
        await host.StopAsync().WithinDeadline();

        async Task<HealthReportEntry> EntryAsync() => (await health.CheckHealthAsync().WithinDeadline()).Entries["agent_events"];
    }

    [Test]
    public async Task Client_that_fails_stops_the_host_where_that_is_wanted()
    {
        var builder = EmptyHost();
        builder.Services.AddSingleton<Seen>().AddScoped<Scoped>();
        AddClient(builder.Services, "user_1", configure: o => o.HandlerFailure = new HandlerFailurePolicy { MaxAttempts = 1 })
            .AddHandler<FailingHandler>()
            .StopHostOnFailure();
        using var host = builder.Build();
        await host.StartAsync().WithinDeadline();

        _server.Publish("user_1", Briefing(1));

        await host.WaitForShutdownAsync().WithinDeadline();
    }

    [Test]
    public async Task Events_of_the_client_can_be_subscribed_to_before_it_starts()
    {
        var states = new ConcurrentQueue<ConnectionState>();
        var builder = EmptyHost();
        AddClient(builder.Services, "user_1").SetUp((_, client) => client.StateChanged += (_, change) => states.Enqueue(change.Current.State));
        using var host = builder.Build();
        await host.StartAsync().WithinDeadline();
        await Eventually.Async("it is live", () => states.Contains(ConnectionState.Live));
        await host.StopAsync().WithinDeadline();

        states.First().Should().Be(ConnectionState.Connecting);
    }

    [Test]
    public async Task Handler_of_a_type_that_is_not_registered_ends_the_start_with_its_name()
    {
        var builder = EmptyHost();
        AddClient(builder.Services, "user_1").AddHandler<UnknownHandler>();
        using var host = builder.Build();

        await FluentActions.Awaiting(() => host.StartAsync().WithinDeadline()).Should().ThrowAsync<InvalidOperationException>().WithMessage("*UnknownHandler*Version*EventTypes*");
    }

    [Test]
    public void Class_that_handles_nothing_is_refused_when_it_is_added() =>
        FluentActions.Invoking(() => AddClient(new ServiceCollection(), "user_1").AddHandler<NoHandler>()).Should().Throw<ArgumentException>().WithMessage("*NoHandler*");

    [Test]
    public async Task Host_starts_while_the_server_is_away()
    {
        await _server.StopAsync().WithinDeadline();
        var builder = EmptyHost();
        AddClient(builder.Services, "user_1");
        using var host = builder.Build();

        await host.StartAsync().WithinDeadline();
        await host.StopAsync().WithinDeadline();
    }

    [Test]
    public async Task Missing_options_end_the_start_and_all_of_them_are_named()
    {
        var builder = EmptyHost();
        builder.Services.AddAgentEventsClient(_ => { });
        using var host = builder.Build();

        var refused = await FluentActions.Awaiting(() => host.StartAsync().WithinDeadline()).Should().ThrowAsync<OptionsValidationException>();
        refused.Which.Failures.Should().HaveCount(3).And.Contain("AgentEventsClientOptions.AccessTokenProvider is required.");
    }

    [Test]
    public async Task Application_can_be_pointed_at_the_server_for_tests_from_outside()
    {
        var builder = EmptyHost();
        builder.Services.AddAgentEventsClient(o => o.ServerUrl = new Uri("https://production.example"));
        builder.Services.PostConfigure<AgentEventsClientOptions>(o =>
        {
            o.ServerUrl = _server.Url;
            o.UserId = "user_1";
            o.AccessTokenProvider = _server.ClientOptions("user_1").AccessTokenProvider;
        });
        using var host = builder.Build();
        await host.StartAsync().WithinDeadline();

        await _server.WaitForConnectionAsync("user_1");
        await host.StopAsync().WithinDeadline();
    }

    AgentEventsClientBuilder AddClient(IServiceCollection services, string user, string name = "", Action<AgentEventsClientOptions>? configure = null) =>
        services.AddAgentEventsClient(name, (_, o) =>
        {
            var ours = _server.ClientOptions(user);
            (o.ServerUrl, o.UserId, o.AccessTokenProvider, o.RetryPolicy) = (ours.ServerUrl, user, ours.AccessTokenProvider, ours.RetryPolicy);
            o.StartFrom = StartFrom.Beginning;
            configure?.Invoke(o);
        });

    static HostApplicationBuilder EmptyHost() => Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());

    static BriefingDelivered Briefing(int count) => new() { BriefingId = "b", Title = "T", Channel = "email", ItemCount = count };

    sealed class Seen
    {
        public ConcurrentQueue<(string What, Scoped Scope)> Lines { get; } = new();
    }

    sealed class Scoped : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    sealed class BothHandler(Seen seen, Scoped scope) : IAgentEventHandler<BriefingDelivered>, IAgentEventHandler<AgentBrakeChanged>
    {
        public Task HandleAsync(AgentEvent<BriefingDelivered> agentEvent, CancellationToken cancellationToken) => Note($"briefing {agentEvent.Data.ItemCount}");

        public Task HandleAsync(AgentEvent<AgentBrakeChanged> agentEvent, CancellationToken cancellationToken) => Note("brake");

        Task Note(string what)
        {
            seen.Lines.Enqueue((what, scope));
            return Task.CompletedTask;
        }
    }

    sealed class AnyHandler(Seen seen, Scoped scope) : IAnyAgentEventHandler
    {
        public Task HandleAsync(AgentEvent agentEvent, CancellationToken cancellationToken)
        {
            seen.Lines.Enqueue(($"any {agentEvent.Type}", scope));
            return Task.CompletedTask;
        }
    }

    sealed class FailingHandler : IAgentEventHandler<BriefingDelivered>
    {
        public Task HandleAsync(AgentEvent<BriefingDelivered> agentEvent, CancellationToken cancellationToken) => throw new FormatException("no briefing today");
    }

    sealed class UnknownHandler : IAgentEventHandler<Version>
    {
        public Task HandleAsync(AgentEvent<Version> agentEvent, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    sealed class NoHandler : IAgentEventHandler;
}

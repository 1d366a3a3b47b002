using System.Net;
using System.Net.Sockets;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Client;

public sealed class LifecycleTests
{
    FakeHubServer _server = null!;

    [SetUp]
    public async Task StartServer() => _server = await FakeHubServer.StartedAsync();

    [TearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    [Test]
    public async Task Starting_twice_throws()
    {
        await using var run = await ClientRun.StartAsync(_server.Url);
        await FluentActions.Awaiting(() => run.Client.StartAsync().WithinDeadline()).Should().ThrowAsync<InvalidOperationException>();
    }

    [Test]
    public async Task Starting_after_dispose_throws()
    {
        var run = ClientRun.Create(_server.Url);
        await run.DisposeAsync();
        await FluentActions.Awaiting(() => run.Client.StartAsync().WithinDeadline()).Should().ThrowAsync<ObjectDisposedException>();
        FluentActions.Invoking(() => run.Client.On((_, _) => Task.CompletedTask)).Should().Throw<ObjectDisposedException>();
    }

    [Test]
    public async Task Handler_registered_after_the_start_throws()
    {
        await using var run = await ClientRun.StartAsync(_server.Url);
        FluentActions.Invoking(() => run.Client.On((_, _) => Task.CompletedTask)).Should().Throw<InvalidOperationException>();
    }

    [Test]
    public async Task Dispose_while_connecting_ends_within_seconds_and_ends_the_start()
    {
        // Accepts and never answers, as a dead server behind a live kernel does.
        using var hole = new TcpListener(IPAddress.Loopback, 0);
        hole.Start();
        var run = ClientRun.Create(new Uri($"http://127.0.0.1:{((IPEndPoint)hole.LocalEndpoint).Port}"));
        var starting = run.Client.StartAsync();
        await Eventually.Async("it connects", () => run.Client.Status.State == ConnectionState.Connecting);
        await run.DisposeAsync().WithinDeadline();

        await FluentActions.Awaiting(() => starting.WithinDeadline()).Should().ThrowAsync<OperationCanceledException>();
        run.Client.Status.State.Should().Be(ConnectionState.Stopped);
    }

    [Test]
    public async Task Token_provider_that_hangs_does_not_hang_dispose()
    {
        var run = ClientRun.Create(_server.Url, o => o.AccessTokenProvider = _ => new ValueTask<string>(new TaskCompletionSource<string>().Task));
        _ = run.Client.StartAsync();
        await Eventually.Async("it connects", () => run.Client.Status.State == ConnectionState.Connecting);
        await run.DisposeAsync().WithinDeadline();

        run.Client.Status.State.Should().Be(ConnectionState.Stopped);
    }

    [Test]
    public async Task Handler_that_hangs_does_not_hang_dispose_and_its_event_is_not_passed()
    {
        var store = new InMemoryCursorStore();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = await ClientRun.LiveAsync(_server.Url, o => o.CursorStore = store, _ =>
        {
            begun.TrySetResult();
            return new TaskCompletionSource().Task;
        });
        await _server.PublishAsync();
        await begun.Task.WithinDeadline();
        await run.DisposeAsync().WithinDeadline();

        (await store.LoadAsync(CancellationToken.None))!.Position.Sequence.Should().Be(0);
    }

    [Test]
    public async Task Handler_at_work_may_finish_while_the_client_stops()
    {
        using var gate = new SemaphoreSlim(0);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var store = new InMemoryCursorStore();
        await using var run = await ClientRun.LiveAsync(_server.Url, o => o.CursorStore = store, async _ =>
        {
            begun.TrySetResult();
            await gate.WaitAsync().WithinDeadline();
        });
        await _server.PublishAsync();
        await begun.Task.WithinDeadline();
        var stopping = run.Client.StopAsync();
        gate.Release();
        await stopping.WithinDeadline();

        (await store.LoadAsync(CancellationToken.None))!.Position.Sequence.Should().Be(1);
        await run.Client.Completion.WithinDeadline();
    }

    [Test]
    public async Task Stopping_from_a_handler_does_not_deadlock()
    {
        ClientRun run = null!;
        run = await ClientRun.LiveAsync(_server.Url, handler: _ => run.Client.StopAsync());
        await _server.PublishAsync();

        await run.Client.Completion.WithinDeadline();
        await run.DisposeAsync().WithinDeadline();
    }

    [Test]
    public async Task Dispose_twice_and_without_start_is_fine()
    {
        var run = ClientRun.Create(_server.Url);
        await run.DisposeAsync().WithinDeadline();
        await run.DisposeAsync().WithinDeadline();
        await run.Client.Completion.WithinDeadline();
        run.Client.Status.State.Should().Be(ConnectionState.Stopped);
    }

    [Test]
    public async Task Cancelled_start_stops_the_client()
    {
        await _server.StopAsync();
        await using var run = ClientRun.Create(_server.Url);
        using var cancel = new CancellationTokenSource();
        var starting = run.Client.StartAsync(cancel.Token);
        await cancel.CancelAsync();

        await FluentActions.Awaiting(() => starting.WithinDeadline()).Should().ThrowAsync<OperationCanceledException>();
        run.Client.Status.State.Should().Be(ConnectionState.Stopped);
    }

    [Test]
    public async Task Waiting_for_a_position_ends_when_the_client_stops()
    {
        await using var run = await ClientRun.StartAsync(_server.Url);
        var waiting = run.Client.WaitForAsync(new StreamPosition("fake", 9));
        await run.Client.StopAsync().WithinDeadline();

        await FluentActions.Awaiting(() => waiting.WithinDeadline()).Should().ThrowAsync<RealtimeException>();
    }

    [Test]
    public void Options_are_checked_once_and_the_message_names_the_option()
    {
        FluentActions.Invoking(() => new AgentEventsClient(null!)).Should().Throw<ArgumentNullException>();
        Refused(o => o.ServerUrl = null).ParamName.Should().Be("ServerUrl");
        Refused(o => o.ServerUrl = new Uri("ftp://x")).ParamName.Should().Be("ServerUrl");
        Refused(o => o.ServerUrl = new Uri("/relative", UriKind.Relative)).ParamName.Should().Be("ServerUrl");
        Refused(o => o.UserId = "a b").ParamName.Should().Be("UserId");
        Refused(o => o.AccessTokenProvider = null).ParamName.Should().Be("AccessTokenProvider");
        Refused(o => o.CursorStore = null!).ParamName.Should().Be("CursorStore");
        Refused(o => o.PageSize = 1001).ParamName.Should().Be("PageSize");
        Refused(o => o.LiveBufferCapacity = 0).ParamName.Should().Be("LiveBufferCapacity");
        Refused(o => o.HandlerFailure = new HandlerFailurePolicy { MaxAttempts = 0 }).ParamName.Should().Be("HandlerFailure");
    }

    [Test]
    public async Task Callback_that_throws_disturbs_nothing()
    {
        await using var run = ClientRun.Create(_server.Url);
        run.Client.StateChanged += (_, _) => throw new InvalidOperationException("callback");
        await run.Client.StartAsync().WithinDeadline();
        await Eventually.Async("it is live", () => run.Client.Status.State == ConnectionState.Live);
        await _server.PublishAsync();

        await run.UntilSeenAsync(1);
    }

    ArgumentException Refused(Action<AgentEventsClientOptions> change)
    {
        var options = ClientRun.Options(_server.Url);
        change(options);
        return FluentActions.Invoking(() => new AgentEventsClient(options)).Should().Throw<ArgumentException>().Which;
    }
}

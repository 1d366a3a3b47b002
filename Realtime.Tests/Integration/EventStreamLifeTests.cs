using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Harness;
using Realtime.Server.Draining;
using Realtime.Server.EventStore;
using Realtime.Server.EventStreams;
using Realtime.Server.Hubs;
using Realtime.Server.Publishing;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>How a stream of server-sent events lives and ends: expiry, revocation, drain, limits, slow readers, and a store that goes away.</summary>
[Category("Integration")]
public sealed class EventStreamLifeTests
{
    const string User = "user_42";

    [Test]
    public async Task A_quiet_stream_shows_every_15_seconds_that_it_is_there()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var host = await StartAsync(time: time);
        await using var tap = await OpenAsync(host);

        await Eventually.Async("comments come", () =>
        {
            time.Advance(TimeSpan.FromSeconds(5));
            return tap.Blocks.Count(b => b.IsComment) >= 3;
        });
        tap.HasEnded.Should().BeFalse();
    }

    [Test]
    public async Task It_ends_in_order_after_expiry_and_grace_so_that_the_client_comes_back()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var host = await StartAsync(new() { ["Realtime:TokenGrace"] = "00:05:00" }, time);
        string token = host.Tokens.Create(new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromMinutes(10) });
        await using var tap = await StreamTap.OpenAsync(host.Address, token);
        await using var witness = await StreamTap.OpenAsync(host.Address, host.Tokens.Create(new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromMinutes(2) }));

        time.Advance(TimeSpan.FromMinutes(12)); // expired, and within the grace
        await witness.WaitForEndAsync();
        tap.HasEnded.Should().BeFalse("the grace has not passed");
        time.Advance(TimeSpan.FromMinutes(4));

        await tap.WaitForEndAsync();
        tap.Fault.Should().BeNull();
        int.Parse(tap.Blocks[^1].Retry!).Should().BeInRange(0, 250, "its last word is when to return");
        await GoneAsync(host);
    }

    [Test]
    public async Task A_revoked_token_ends_its_stream_and_no_other_and_so_does_a_disconnect()
    {
        await using var host = await StartAsync();
        string stolen = host.Tokens.Create(new TokenClaims { Subject = User, Id = "stolen" });
        await using var ended = await StreamTap.OpenAsync(host.Address, stolen);
        await using var spared = await OpenAsync(host);

        await host.RevokeTokenAsync("stolen");

        await ended.WaitForEndAsync();
        (await StreamTap.RefusedAsync(host.Address, stolen)).Status.Should().Be(HttpStatusCode.Unauthorized);
        await PublishAsync(host);
        await spared.WaitForEventsAsync(1);
        ended.Sequences.Should().BeEmpty("nothing follows the end");

        await host.DisconnectAsync(User);
        await spared.WaitForEndAsync();
        await GoneAsync(host);
    }

    [Test]
    public async Task Streams_count_as_connections_of_their_user_and_make_room_when_they_end()
    {
        await using var host = await StartAsync(new() { ["Realtime:MaxConnectionsPerUser"] = "2" });
        using var counts = new LimitCounts(host);
        await using var first = await OpenAsync(host);
        await using var hub = await HubTap.ConnectAsync(host.Address, User, host.Tokens.Create(User));

        var (status, problem, headers) = await StreamTap.RefusedAsync(host.Address, host.Tokens.Create(User));
        status.Should().Be(HttpStatusCode.TooManyRequests);
        problem.GetProperty("type").GetString().Should().Be(ProblemTypes.TooManyConnections);
        headers.RetryAfter!.Delta.Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(5));
        counts.Of("connections_of_user").Should().Be(1);
        await using (var others = await StreamTap.OpenAsync(host.Address, host.Tokens.Create("somebody"))) others.Blocks.Should().NotBeEmpty();

        await first.DisposeAsync();
        StreamTap? again = null;
        await Eventually.Async("there is room again", async () =>
        {
            try
            {
                again = await OpenAsync(host);
                return true;
            }
            catch (AssertionException)
            {
                return false;
            }
        });
        await again!.DisposeAsync();
    }

    [Test]
    public async Task A_reader_that_does_not_read_is_cut_as_slow_and_resumes_without_a_seam()
    {
        await using var host = await StartAsync(new() { ["Realtime:SlowReaderTimeout"] = "00:00:02", ["Realtime:RateLimits:EventsPerSecondPerPublisher"] = "0" });
        using var counts = new LimitCounts(host);
        await using var proxy = CuttableProxy.Start(host.Address.Port);
        await using var slow = await StreamTap.OpenAsync(new Uri($"http://{proxy.Endpoint}"), host.Tokens.Create(User));
        await using var healthy = await OpenAsync(host);

        proxy.StopReading(ProxyDirection.ToClient);
        int published = 0;
        await Eventually.Async("the stream is cut as slow", async () =>
        {
            // The kernel's buffers swallow megabytes first; then it takes until nothing has moved for the timeout.
            if (published < 600) published += await PublishLargeAsync(host, 15);
            return counts.Of("slow_reader") > 0;
        }, TimeSpan.FromSeconds(60));
        await GoneAsync(host, but: 1);
        await healthy.WaitForEventsAsync(published);

        proxy.ResumeReading(ProxyDirection.ToClient);
        await slow.WaitForEndAsync();
        slow.Fault.Should().NotBeNull("it was cut off");
        await using var resumed = await OpenAsync(host, lastEventId: slow.LastId);
        await resumed.WaitForEventsAsync(published - slow.Sequences.Count);
        slow.Sequences.Concat(resumed.Sequences).Should().Equal(Enumerable.Range(1, published).Select(i => (long)i));
        healthy.Sequences.Should().Equal(Enumerable.Range(1, published).Select(i => (long)i));
    }

    [Test]
    public async Task A_draining_node_takes_no_stream_and_ends_those_it_has_in_random_order_within_the_window()
    {
        const int streams = 12;
        await using var host = await StartAsync(new() { ["Realtime:DrainWindow"] = "00:00:02" });
        var taps = new List<StreamTap>();
        var order = new List<StreamTap>();
        try
        {
            for (int i = 0; i < streams; i++) taps.Add(await OpenAsync(host));
            var drain = host.Services.GetRequiredService<Drain>();

            var drained = drain.RunAsync();

            var (status, problem, _) = await StreamTap.RefusedAsync(host.Address, host.Tokens.Create(User));
            status.Should().Be(HttpStatusCode.ServiceUnavailable);
            problem.GetProperty("type").GetString().Should().Be(ProblemTypes.Draining);
            await PublishAsync(host);
            await Eventually.Async("all have ended", () =>
            {
                order.AddRange(taps.Where(t => t.HasEnded && !order.Contains(t)));
                return order.Count == streams;
            });
            await drained.WithinDeadline();
            taps.Should().OnlyContain(t => t.Fault == null && t.Blocks.Last().Retry != null, "each ends in order");
            order.Should().NotEqual(taps, "the order is random");
            host.Logs.All.Should().Contain(l => l.Text.Contains($"{streams} connections released", StringComparison.Ordinal));
        }
        finally
        {
            foreach (var tap in taps) await tap.DisposeAsync();
        }
    }

    [Test]
    public async Task Without_a_window_a_stop_does_not_wait_for_streams()
    {
        var host = await StartAsync();
        await using var tap = await OpenAsync(host);

        await host.DisposeAsync(); // waits for requests that do not end; the log would tell

        await tap.WaitForEndAsync();
        tap.Fault.Should().BeNull("it was ended and not cut off");
    }

    [Test]
    public async Task While_the_store_is_away_a_stream_is_refused_before_it_begins_and_kept_when_it_has_begun()
    {
        bool isAway = false;
        await using var host = await StartAsync(configure: services => services.AddSingleton<IEventStore>(s => new StoreInFront(ActivatorUtilities.CreateInstance<SqliteEventStore>(s))
        {
            BeforeReadAfter = _ =>
            {
                if (Volatile.Read(ref isAway)) throw new StoreUnavailableException("It is away.");
            },
        }));
        await using var tap = await OpenAsync(host);
        string epoch = tap.LastId!.Split('.')[0];
        Volatile.Write(ref isAway, true);

        var (status, problem, _) = await StreamTap.RefusedAsync(host.Address, host.Tokens.Create(User), $"?after={epoch}.0");
        status.Should().Be(HttpStatusCode.ServiceUnavailable);
        problem.GetProperty("type").GetString().Should().Be(ProblemTypes.StoreUnavailable);
        foreach (var stream in host.Services.GetRequiredService<HubConnections>().All.OfType<EventStreamConnection>()) stream.HearHead(new StreamPosition(epoch, 3));
        await Eventually.Async("it tries to read", () => host.Logs.All.Any(l => l.Text.Contains("could not be read for event stream", StringComparison.Ordinal)));
        tap.HasEnded.Should().BeFalse();

        Volatile.Write(ref isAway, false);
        for (int i = 0; i < 3; i++) await PublishAsync(host);
        await tap.WaitForEventsAsync(3);
        tap.Sequences.Should().Equal(1, 2, 3);
    }

    static Task<RealtimeHost> StartAsync(Dictionary<string, string?>? settings = null, TimeProvider? time = null, Action<IServiceCollection>? configure = null) =>
        RealtimeHost.StartAsync(settings, configure: services =>
        {
            if (time is not null) services.AddSingleton(time);
            configure?.Invoke(services);
        });

    static Task<StreamTap> OpenAsync(RealtimeHost host, string query = "", string? lastEventId = null) =>
        StreamTap.OpenAsync(host.Address, host.Tokens.Create(User), query, lastEventId);

    static Task GoneAsync(RealtimeHost host, int but = 0) => Eventually.Async("the server has forgotten it", () => host.Services.GetRequiredService<HubConnections>().All.Count == but);

    static Task PublishAsync(RealtimeHost host) => host.Services.GetRequiredService<IAgentEventPublisher>()
        .PublishAsync(User, new BriefingDelivered { BriefingId = "b", Title = "T", Channel = "email", ItemCount = 1 }).WithinDeadline();

    static async Task<int> PublishLargeAsync(RealtimeHost host, int count)
    {
        var large = new BriefingDelivered { BriefingId = "b", Title = new string('x', 60 * 1024), Channel = "email", ItemCount = 1 };
        for (int i = 0; i < count; i++) await host.Services.GetRequiredService<IAgentEventPublisher>().PublishAsync(User, large).WithinDeadline();
        return count;
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Realtime.Server;
using Realtime.Server.EventStore;
using Realtime.Server.Telemetry;
using Realtime.Tests.Support;

namespace Realtime.Tests.Server;

/// <summary>When the job runs, how it paces itself, and what it does when a stream or the store is not to be had.</summary>
public sealed class RetentionJobTests
{
    static readonly DateTimeOffset Start = new(2026, 11, 23, 3, 0, 0, TimeSpan.Zero);
    static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    WatchedTime _time = null!;
    ScriptedTrimStore _store = null!;
    LogLines _logs = null!;
    ServiceProvider _services = null!;
    RetentionJob? _job;

    [SetUp]
    public void Open()
    {
        _time = new WatchedTime(Start);
        _store = new ScriptedTrimStore { Clock = Start };
        _logs = new LogLines();
        _services = new ServiceCollection().AddMetrics().AddSingleton<ServerMetrics>().AddLogging(l => l.AddProvider(_logs).SetMinimumLevel(LogLevel.Debug)).BuildServiceProvider();
    }

    [TearDown]
    public async Task Close()
    {
        if (_job is not null) await _job.StopAsync(CancellationToken.None).WithinDeadline();
        _job?.Dispose();
        await _services.DisposeAsync();
    }

    [TestCase(0.0, 60, 600)]
    [TestCase(0.5, 63, 630)]
    public async Task It_runs_after_a_minute_and_then_every_ten_stretched_by_the_jitter(double jitter, int firstSeconds, int thenSeconds)
    {
        await StartAsync(jitter);

        _time.Advance(TimeSpan.FromSeconds(firstSeconds) - Tick);
        _store.Runs.Should().Be(0);
        await AdvanceToRunAsync(Tick, runs: 1);
        await Eventually.Async("the job waits again", _time.HasWaiter);
        _time.Advance(TimeSpan.FromSeconds(thenSeconds) - Tick);
        _store.Runs.Should().Be(1);
        await AdvanceToRunAsync(Tick, runs: 2);
    }

    [Test]
    public async Task The_cut_off_is_the_stores_clock_less_the_retention()
    {
        _store.Clock = Start.AddYears(-1); // a node whose own clock is far ahead deletes nothing that is not due
        await StartAsync(retention: TimeSpan.FromDays(7));

        await AdvanceToRunAsync(RetentionJob.FirstRun, runs: 1);

        _store.Cuts.Should().Equal(Start.AddYears(-1).AddDays(-7));
    }

    [TestCase("3650000.00:00:00")]
    [TestCase("10675199.02:48:05.4775807")]
    public async Task A_very_large_retention_keeps_everything(string retention)
    {
        _store.Left["user"] = 10;
        await StartAsync(retention: TimeSpan.Parse(retention, System.Globalization.CultureInfo.InvariantCulture));

        await AdvanceToRunAsync(RetentionJob.FirstRun, runs: 1);

        _store.Cuts.Should().BeEmpty();
        _store.Left["user"].Should().Be(10);
    }

    [Test]
    public async Task It_pauses_after_every_step_of_a_long_trim()
    {
        _store.Left["user"] = 3 * RetentionJob.StepEvents;
        await StartAsync();
        await AdvanceToRunAsync(RetentionJob.FirstRun, runs: 1);

        for (int step = 1; step <= 3; step++)
        {
            await Eventually.Async($"step {step} is done", () => _store.Steps == step && _time.HasWaiter());
            _time.Advance(RetentionJob.Pause - Tick);
            _store.Steps.Should().Be(step, "it pauses");
            _time.Advance(Tick);
        }

        await Eventually.Async("it says what it trimmed", () => Logged($"Retention: {3 * RetentionJob.StepEvents} events of 1 streams"));
        _store.Left["user"].Should().Be(0);
    }

    [Test]
    public async Task More_streams_than_one_find_returns_are_all_trimmed_in_one_run()
    {
        for (int i = 0; i < RetentionJob.StreamsPerFind * 2 + 50; i++) _store.Left[$"user_{i}"] = 1;
        await StartAsync();
        await AdvanceToRunAsync(RetentionJob.FirstRun, runs: 1);

        await Eventually.Async("nothing is left", () =>
        {
            _time.Advance(RetentionJob.Pause);
            return _store.Left.Values.All(left => left == 0);
        });
        _store.Runs.Should().Be(1);
    }

    [Test]
    public async Task A_held_stream_is_left_for_the_next_run_and_the_others_are_trimmed()
    {
        (_store.Left["held"], _store.Left["free"]) = (5, 5);
        _store.Held = "held";
        await StartAsync();

        await AdvanceToRunAsync(RetentionJob.FirstRun, runs: 1);
        await Eventually.Async("the free stream is trimmed", () => _store.Left["free"] == 0 && _time.HasWaiter());
        _store.Left["held"].Should().Be(5);

        _store.Held = null;
        await AdvanceToRunAsync(RetentionJob.Interval, runs: 2);
        await Eventually.Async("the other one is", () => _store.Left["held"] == 0);
    }

    [Test]
    public async Task It_survives_outages_of_the_store()
    {
        _store.Left["user"] = 5;
        _store.IsAway = true;
        await StartAsync();
        await AdvanceToRunAsync(RetentionJob.FirstRun, runs: 1);
        await Eventually.Async("it says so", () => Logged("Retention could not go on"));

        _store.IsAway = false;
        await AdvanceToRunAsync(RetentionJob.Interval, runs: 2);
        await Eventually.Async("it trims", () => _store.Left["user"] == 0);
    }

    async Task StartAsync(double jitter = 0, TimeSpan? retention = null)
    {
        var options = new RealtimeOptions();
        if (retention is { } given) options.Retention = given;
        _job = new RetentionJob(
            _store, Options.Create(options), _time, _services.GetRequiredService<ServerMetrics>(), _services.GetRequiredService<ILogger<RetentionJob>>(), () => jitter);
        await _job.StartAsync(CancellationToken.None).WithinDeadline();
        await Eventually.Async("the job waits", _time.HasWaiter);
    }

    async Task AdvanceToRunAsync(TimeSpan by, int runs)
    {
        await Eventually.Async("the job waits", _time.HasWaiter);
        _time.Advance(by);
        await Eventually.Async($"run {runs} begins", () => _store.Runs == runs);
    }

    bool Logged(string text) => _logs.All.Any(line => line.Text.Contains(text, StringComparison.Ordinal));
}

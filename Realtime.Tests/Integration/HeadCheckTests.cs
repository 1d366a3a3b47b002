using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Server.EventStore;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

/// <summary>The head check of a whole server over events that were appended behind its back.</summary>
[Category("Integration")]
public sealed class HeadCheckTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    StoreInFront _store = null!;
    RealtimeHost _host = null!;

    [SetUp]
    public async Task StartServer()
    {
        _host = await RealtimeHost.StartAsync(
            new Dictionary<string, string?> { ["Realtime:HeadCheckInterval"] = "00:00:00.2" },
            configure: services => services.AddSingleton<IEventStore>(s => _store = new StoreInFront(ActivatorUtilities.CreateInstance<SqliteEventStore>(s))));
    }

    [TearDown]
    public async Task StopServer() => await _host.DisposeAsync();

    [Test]
    public async Task Users_whose_streams_cannot_be_read_do_not_end_the_round_for_the_others()
    {
        string[] bad = [.. Enumerable.Range(0, 12).Select(i => string.Create(CultureInfo.InvariantCulture, $"bad_{i}"))];
        string[] good = [.. Enumerable.Range(0, 4).Select(i => string.Create(CultureInfo.InvariantCulture, $"good_{i}"))];
        _store.BeforeReadAfter = user =>
        {
            if (user.StartsWith("bad", StringComparison.Ordinal)) throw new InvalidOperationException("A page of the table is damaged.");
        };
        var taps = new List<HubTap>();
        foreach (string user in bad.Concat(good)) taps.Add(await HubTap.ConnectAsync(_host.Address, user, _host.Tokens.Create(user)));

        foreach (string user in bad) await _store.AppendAsync(Event(user));
        foreach (string user in good) await _store.FillAsync(user, 3);

        foreach (var tap in taps.Skip(bad.Length))
        {
            await tap.WaitForEventsAsync(3, Patience);
            tap.Sequences.Distinct().Should().Equal(1, 2, 3);
        }

        await Eventually.Async("the bad streams are reported", () => _host.Logs.All.Any(line => line.Text.Contains("could not repair the stream of user bad_", StringComparison.Ordinal)), Patience);
        foreach (var tap in taps) await tap.DisposeAsync();
    }

    [Test]
    public async Task A_head_that_is_announced_is_as_the_stream_is_then_not_as_it_was_when_it_was_found_behind()
    {
        const string user = "far_behind";
        await using var tap = await HubTap.ConnectAsync(_host.Address, user, _host.Tokens.Create(user));
        bool isLate = false;
        _store.AfterReadHeads = async heads =>
        {
            if (isLate || !heads.TryGetValue(user, out var head) || head.Sequence != 150) return;
            isLate = true;
            await _store.AppendAsync(Event(user)); // between the look and the announcement
        };

        await _store.FillAsync(user, 150);

        await Eventually.Async("the head is announced", () => tap.Heads.Count > 1, Patience);
        tap.Heads.Skip(1).Should().OnlyContain(head => head.EndsWith(".151", StringComparison.Ordinal));
    }
}

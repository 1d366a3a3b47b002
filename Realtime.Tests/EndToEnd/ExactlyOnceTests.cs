using Microsoft.Data.Sqlite;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>The sample that books events, killed without warning again and again while events flow from a real server.</summary>
[Category("Integration")]
public sealed class ExactlyOnceTests
{
    const string User = "booked";
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    DirectoryInfo _folder = null!;
    TestTokens _tokens = null!;
    ServerNode _node = null!;

    string Database => Path.Combine(_folder.FullName, "exactly-once.db");

    [SetUp]
    public async Task Start()
    {
        _folder = Directory.CreateTempSubdirectory("realtime-booked-");
        _tokens = TestTokens.Hmac();
        _node = await ServerNode.StartAsync(new ServerNodeOptions { Settings = _tokens.ServerSettings() }).WithinDeadline(Patience);
    }

    [TearDown]
    public async Task Stop()
    {
        await _node.DisposeAsync();
        _tokens.Dispose();
        SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    [Test]
    public async Task Effect_and_cursor_in_one_transaction_happen_exactly_once_however_often_the_process_is_killed()
    {
        await using var flow = new Flow(_node, _tokens);
        for (int kill = 0; kill < 15; kill++)
        {
            await using var sample = await StartSampleAsync();
            int before = Booked().Count;
            // More each time, so that kills fall into catching up and into live events alike.
            await Eventually.Async($"the sample books events before kill {kill}", () => Booked().Count > before + kill * 3, Patience);
        }

        var published = await flow.StopAsync();
        await using var last = await StartSampleAsync();
        await Eventually.Async("everything is booked", () => Booked().Count >= published.Count, Patience);
        Booked().Should().Equal(published.Select(p => p.Position.ToString()));
    }

    [Test]
    public async Task Effect_and_cursor_in_two_transactions_repeat_effects_after_a_kill()
    {
        await using var flow = new Flow(_node, _tokens);
        for (int kill = 0; kill < 100 && Booked().Count == Booked().Distinct().Count(); kill++)
        {
            await using var sample = await StartSampleAsync("--apart");
            int before = Booked().Count;
            await Eventually.Async($"the sample books events before kill {kill}", () => Booked().Count > before + 20, Patience);
        }

        Booked().Should().NotBeEmpty();
        Booked().Count.Should().BeGreaterThan(Booked().Distinct().Count(), "the kills are hard enough to tell the two ways apart");
    }

    Task<ProgramRun> StartSampleAsync(params string[] more) => ProgramRun.StartProjectAsync(
        "samples/ExactlyOnce",
        ["--server", _node.Address.ToString(), "--user", User, "--token", _tokens.Create(User), "--database", Database, .. more]);

    /// <summary>Positions of the effects, in the order they were written.</summary>
    List<string> Booked()
    {
        if (!File.Exists(Database)) return [];
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Database, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "select count(*) from sqlite_master where name = 'effects'";
        if ((long)command.ExecuteScalar()! == 0) return [];
        command.CommandText = "select position from effects order by number";
        using var reader = command.ExecuteReader();
        var positions = new List<string>();
        while (reader.Read()) positions.Add(reader.GetString(0));
        return positions;
    }

    /// <summary>Publishes without a pause until it is stopped.</summary>
    sealed class Flow : IAsyncDisposable
    {
        readonly CancellationTokenSource _stop = new();
        readonly AgentEventsPublisher _publisher;
        readonly Task<List<PublishReceipt>> _publishing;

        internal Flow(ServerNode node, TestTokens tokens)
        {
            _publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions
            {
                ServerUrl = node.Address,
                AccessTokenProvider = _ => new ValueTask<string>(tokens.Create("worker", Scopes.Publish)),
            });
            _publishing = Task.Run(PublishAsync);
        }

        internal async Task<List<PublishReceipt>> StopAsync()
        {
            await _stop.CancelAsync();
            return await _publishing.WithinDeadline(Patience);
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _publisher.Dispose();
            _stop.Dispose();
        }

        async Task<List<PublishReceipt>> PublishAsync()
        {
            var receipts = new List<PublishReceipt>();
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
            while (!_stop.IsCancellationRequested)
            {
                receipts.Add(await _publisher.PublishAsync(User, new BriefingDelivered { BriefingId = "b", Title = "T", Channel = "c", ItemCount = receipts.Count }));
                await pace.WaitForNextTickAsync();
            }

            return receipts;
        }
    }
}

using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>
/// The head-line: a database is restored to an earlier backup while clients are online and publishing goes on. Every client
/// reports it once, receives every event of the new history after its last one, and none twice. Real server processes.
/// </summary>
[Category("Integration")]
public sealed class DatabaseRestoredTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    readonly TestTokens _tokens = TestTokens.Hmac();
    readonly List<ServerNode> _nodes = [];
    PostgresServer _postgres = null!;

    [SetUp]
    public async Task StartServers()
    {
        _postgres = await PostgresServer.StartAsync().WithinDeadline(Patience);
        var settings = new Dictionary<string, string?>(_tokens.ServerSettings())
        {
            ["ConnectionStrings:Postgres"] = _postgres.ConnectionString,
            ["ConnectionStrings:Redis"] = (await Shared.RedisAsync()).ConnectionString,
        };
        for (int i = 0; i < 2; i++) _nodes.Add(await ServerNode.StartAsync(new ServerNodeOptions { Settings = settings }).WithinDeadline(Patience));
    }

    [TearDown]
    public async Task StopServers()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
        _nodes.Clear();
        await _postgres.DisposeAsync();
    }

    [OneTimeTearDown]
    public void DisposeTokens() => _tokens.Dispose();

    [Test]
    public async Task The_files_are_swapped_for_an_older_copy()
    {
        await using var users = await OnlineUsers.StartAsync(_nodes, _tokens);
        await users.PublishMoreAsync(20);
        string copy = await _postgres.CopyFilesAsync().WithinDeadline(Patience);
        await users.PublishMoreAsync(30);
        users.Losses.Should().Be(0, "a restart for a backup loses nothing");

        await _postgres.SwapFilesAsync(copy).WithinDeadline(Patience);
        await users.PublishMoreAsync(30);

        await users.VerifyAsync(_postgres.ConnectionString, isHistoryLost: true, isAcknowledgedKept: false);
    }

    [TestCase("--clean", "--if-exists")]
    [TestCase("--clean", "--if-exists", "--single-transaction")]
    public async Task A_dump_is_restored_into_the_running_server(params string[] options)
    {
        await using var users = await OnlineUsers.StartAsync(_nodes, _tokens);
        await users.PublishMoreAsync(20);
        string dump = await _postgres.DumpAsync().WithinDeadline(Patience);
        await users.PublishMoreAsync(30);

        await Eventually.Async("the restore has ended", () => TryRestoreAsync(dump, options), Patience);
        await users.PublishMoreAsync(30);

        await users.VerifyAsync(_postgres.ConnectionString, isHistoryLost: true, isAcknowledgedKept: false);
    }

    /// <summary>In one transaction a restore takes lock after lock, and may lose a deadlock against readers: an operator tries again.</summary>
    async Task<bool> TryRestoreAsync(string dump, string[] options)
    {
        try
        {
            await _postgres.RestoreDumpAsync(dump, options: options);
            return true;
        }
        catch (HarnessException fault) when (fault.Message.Contains("deadlock detected", StringComparison.Ordinal))
        {
            return false;
        }
    }

    [Test]
    public async Task An_operator_renews_the_epoch()
    {
        await using var users = await OnlineUsers.StartAsync(_nodes, _tokens);
        await users.PublishMoreAsync(20);

        await _postgres.PsqlAsync("select realtime.renew_epoch()").WithinDeadline(Patience);
        await users.PublishMoreAsync(30);

        await users.VerifyAsync(_postgres.ConnectionString, isHistoryLost: true, isAcknowledgedKept: true);
    }
}

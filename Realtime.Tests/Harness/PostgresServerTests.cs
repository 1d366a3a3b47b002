using Npgsql;
using Realtime.Harness;
using Realtime.Harness.Processes;
using Realtime.Tests.Support;

namespace Realtime.Tests.Harness;

[Category("Integration")]
public sealed class PostgresServerTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    PostgresServer _server = null!;

    [OneTimeSetUp]
    public async Task Start() => _server = await Deadline.Of(PostgresServer.StartAsync(), Patience);

    [OneTimeTearDown]
    public Task Stop() => _server.DisposeAsync().WithinDeadline(Patience);

    [SetUp]
    public Task EmptyTable() => Deadline.Of(_server.PsqlAsync("DROP TABLE IF EXISTS note; CREATE TABLE note (text text)"), Patience);

    [Test]
    public async Task Committed_data_is_there_after_kill_and_restart_on_the_same_port()
    {
        await InsertAsync("committed").WithinDeadline();
        var (port, process) = (_server.Port, _server.ProcessId);

        await _server.KillAsync().WithinDeadline(Patience);
        ProcessTable.IsRunning(process).Should().BeFalse();
        await _server.RestartAsync().WithinDeadline(Patience);

        _server.Port.Should().Be(port);
        (await NotesAsync().WithinDeadline()).Should().Be("committed");
    }

    [Test]
    public async Task Uncommitted_data_is_gone_after_kill_and_restart()
    {
        await using var connection = new NpgsqlConnection(_server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync().WithinDeadline();
        await using var transaction = await connection.BeginTransactionAsync().WithinDeadline();
        await new NpgsqlCommand("INSERT INTO note VALUES ('open')", connection, transaction).ExecuteNonQueryAsync().WithinDeadline();

        await _server.KillAsync().WithinDeadline(Patience);
        await _server.RestartAsync().WithinDeadline(Patience);

        (await NotesAsync().WithinDeadline()).Should().BeEmpty();
    }

    [Test]
    public async Task Immediate_stop_refuses_connections_and_restart_brings_the_data_back()
    {
        await InsertAsync("kept").WithinDeadline();

        await _server.StopImmediateAsync().WithinDeadline(Patience);
        var connect = () => NotesAsync();
        await connect.Should().ThrowAsync<HarnessException>().WithMessage("*psql failed*");

        await _server.RestartAsync().WithinDeadline(Patience);
        (await NotesAsync().WithinDeadline()).Should().Be("kept");
    }

    [Test]
    public async Task Paused_server_answers_only_after_it_is_resumed()
    {
        await using var connection = new NpgsqlConnection(_server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync().WithinDeadline();

        await _server.PauseAsync().WithinDeadline();
        var answer = new NpgsqlCommand("SELECT 1", connection).ExecuteScalarAsync();
        try
        {
            var probe = () => answer.WaitAsync(TimeSpan.FromMilliseconds(300));
            await probe.Should().ThrowAsync<TimeoutException>();
        }
        finally
        {
            await _server.ResumeAsync().WithinDeadline();
        }

        (await answer.WithinDeadline()).Should().Be(1);
    }

    [Test]
    public async Task Acknowledged_means_on_disk()
    {
        (await _server.PsqlAsync("SHOW fsync").WithinDeadline()).Should().Be("on");
        (await _server.PsqlAsync("SHOW synchronous_commit").WithinDeadline()).Should().Be("on");
    }

    [Test]
    public async Task Databases_are_created_concurrently_and_are_separate()
    {
        var strings = await Task.WhenAll(_server.CreateDatabaseAsync("one"), _server.CreateDatabaseAsync("two")).WithinDeadline(Patience);

        await _server.PsqlAsync("CREATE TABLE only_here (x int)", "one").WithinDeadline();
        (await _server.PsqlAsync("SELECT to_regclass('only_here') IS NULL", "two").WithinDeadline()).Should().Be("t");
        strings.Should().OnlyHaveUniqueItems();
    }

    [Test]
    public async Task Database_name_that_is_no_plain_name_is_refused()
    {
        var create = () => _server.CreateDatabaseAsync("x; DROP DATABASE realtime");
        await create.Should().ThrowAsync<ArgumentException>();
    }

    [Test]
    public async Task Failed_sql_throws_with_the_servers_words()
    {
        var query = () => _server.PsqlAsync("SELECT * FROM nowhere");
        await query.Should().ThrowAsync<HarnessException>().WithMessage("*relation \"nowhere\" does not exist*");
    }

    [Test]
    public async Task Second_server_on_a_taken_port_says_so()
    {
        var start = () => PostgresServer.StartAsync(new() { Port = _server.Port });
        await start.Should().ThrowAsync<HarnessException>().WithMessage("*port in use*");
    }

    Task InsertAsync(string text) => _server.PsqlAsync($"INSERT INTO note VALUES ('{text}')");

    Task<string> NotesAsync() => _server.PsqlAsync("SELECT text FROM note");
}

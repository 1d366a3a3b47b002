using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Realtime.Harness;
using Realtime.Server.Publishing;
using Realtime.Tests.Client;
using Realtime.Tests.Integration;
using Realtime.Tests.Support;

namespace Realtime.Tests.Docs;

/// <summary>docs/publish-from-sql.md does what it says: its blocks are run as they stand, in their order.</summary>
[Category("Integration")]
public sealed class PublishFromSqlTests
{
    const string Document = "docs/publish-from-sql.md";
    const string User = "user_42";
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    PostgresServer _postgres = null!; // its own: the document makes a role

    [OneTimeSetUp]
    public async Task StartDatabase() => _postgres = await PostgresServer.StartAsync().WithinDeadline(TimeSpan.FromSeconds(60));

    [OneTimeTearDown]
    public async Task StopDatabase()
    {
        if (_postgres is not null) await _postgres.DisposeAsync();
    }

    [Test]
    public async Task Every_example_does_what_the_document_says_and_a_client_sees_what_was_committed_in_order()
    {
        await using var server = await RealtimeHost.StartAsync(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = _postgres.ConnectionString,
            ["Realtime:ListenForNotifications"] = "true",
        });
        await using var run = await ClientRun.LiveAsync(server.Address, o =>
        {
            o.UserId = User;
            o.AccessTokenProvider = _ => new ValueTask<string>(server.Tokens.Create(User));
        });

        bool csharpHasRun = false;
        foreach (var (language, code) in Markdown.Blocks(Document))
        {
            switch (language)
            {
                case "sql" when code.StartsWith("-- As ", StringComparison.Ordinal):
                    await _postgres.PsqlAsync(code).WithinDeadline(Patience);
                    break;
                case "sql":
                    await _postgres.PsqlAsync("set role shop;\n" + code).WithinDeadline(Patience);
                    break;
                case "python":
                    await RunPythonAsync(code);
                    break;
                case "csharp" when !csharpHasRun:
                    await RunCSharpAsync();
                    csharpHasRun = true;
                    break;
            }
        }

        await using var connection = new NpgsqlConnection(_postgres.ConnectionString + ";Pooling=false");
        await connection.OpenAsync().WithinDeadline();
        var committed = ((decimal[])(await connection.RunAsync("select array_agg(total order by id) from orders"))!).ToList();
        committed.Should().Equal(40, 42, 44, 45, 46, 47, 48);
        await run.UntilSeenAsync(committed.Count);
        run.Seen.Select(e => e.Envelope.Data.ToJsonElement().GetProperty("total").GetDecimal()).Should().Equal(committed);
        run.Sequences.Should().Equal(Enumerable.Range(1, committed.Count).Select(i => (long)i));
        run.Seen.Should().OnlyContain(e => e.Type == "order.placed");
    }

    [Test]
    public void Every_block_of_csharp_is_what_was_compiled_and_run()
    {
        string compiled = Markdown.WithoutIndent(File.ReadAllText(Path.Combine(RepositoryPaths.Root, "Realtime.Tests", "Docs", "PublishFromSqlSnippets.cs")));
        var blocks = Markdown.Blocks(Document);

        blocks.Select(b => b.Language).Distinct().Should().BeEquivalentTo("sql", "python", "csharp", "sh");
        foreach (var (_, code) in blocks.Where(b => b.Language == "csharp")) compiled.Should().Contain(Markdown.WithoutIndent(code));
    }

    async Task RunCSharpAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Postgres", _postgres.ConnectionString)]);
        PublishFromSqlSnippets.AddPublisher(builder);
        using var worker = builder.Build();
        await worker.StartAsync().WithinDeadline(Patience);
        await using var shop = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_postgres.ConnectionString) { Username = "shop" });
        await PublishFromSqlSnippets.PlaceOrderAsync(shop, worker.Services.GetRequiredService<IAgentEventPublisher>(), CancellationToken.None).WithinDeadline();
        await worker.StopAsync().WithinDeadline(Patience);
    }

    async Task RunPythonAsync(string code)
    {
        var folder = Directory.CreateTempSubdirectory("realtime-python-");
        try
        {
            string script = Path.Combine(folder.FullName, "orders.py");
            await File.WriteAllTextAsync(script, code);
            string dsn = string.Create(CultureInfo.InvariantCulture, $"host=127.0.0.1 port={_postgres.Port} dbname={PostgresServer.DefaultDatabase} user=shop");
            await using var python = await ProgramRun.StartAsync(await FindPythonAsync(), [script, dsn]);
            (await python.WaitForExitAsync(Patience)).Should().Be(0, string.Join('\n', python.Output));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Debian's own Python has Debian's package; another one that comes first on the PATH may not.</summary>
    static async Task<string> FindPythonAsync()
    {
        foreach (string candidate in (string[])["/usr/bin/python3", "python3"])
        {
            if (Path.IsPathRooted(candidate) && !File.Exists(candidate)) continue;
            await using var attempt = await ProgramRun.StartAsync(candidate, ["-c", "import psycopg2"]);
            if (await attempt.WaitForExitAsync(Patience) == 0) return candidate;
        }

        throw new AssertionException("Python with psycopg2 is not installed. Install it with: apt-get install -y python3-psycopg2");
    }
}

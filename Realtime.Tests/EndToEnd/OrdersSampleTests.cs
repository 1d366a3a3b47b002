using Realtime.Harness;
using Realtime.Tests.Integration;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>The EF Core sample as a user runs it.</summary>
[Category("Integration")]
public sealed class OrdersSampleTests
{
    const string Project = "samples/OrdersWithEfCore";
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Test]
    public async Task Order_and_event_are_both_there_or_neither()
    {
        string database = await Shared.CreateDatabaseAsync();
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?> { ["ConnectionStrings:Postgres"] = database });
        await using var tap = await HubTap.ConnectAsync(host.Address, "demo", host.Tokens.Create("demo"));

        await using var sample = await ProgramRun.StartProjectAsync(Project, "--ConnectionStrings:Postgres", PostgresServer.As(PostgresServer.OwnerRole, database));
        (await sample.WaitForExitAsync(Patience)).Should().Be(0, string.Join('\n', sample.Output));
        await tap.WaitForEventsAsync(2);

        tap.Sequences.Distinct().Should().Equal(1, 2);
        await using var connection = await SqlDoor.ConnectAsync(database);
        var orders = (decimal[])(await connection.RunAsync("select array_agg(total order by id) from shop_orders"))!;
        orders.Should().Equal(40, 42);
        tap.Events.Select(e => e.GetProperty("data").GetProperty("total").GetDecimal()).Distinct().Should().Equal(orders);
        sample.Output.Should().Contain(l => l.Contains("rolled back", StringComparison.Ordinal)).And.Contain("2 orders of demo.");
    }

    [Test]
    public async Task Without_a_database_it_says_so_in_one_line()
    {
        await using var sample = await ProgramRun.StartProjectAsync(Project);

        (await sample.WaitForExitAsync(Patience)).Should().Be(1);
        sample.Output.Should().ContainSingle().Which.Should().Contain("ConnectionStrings:Postgres");
    }

    [Test]
    public void The_document_runs_this_sample() =>
        Markdown.Blocks("docs/publish-from-sql.md").Where(b => b.Language == "sh").Should().ContainSingle(b => b.Code.Contains(Project, StringComparison.Ordinal));
}

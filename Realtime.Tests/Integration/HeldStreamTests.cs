using System.Net;
using Npgsql;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>One user never delays another: somebody's open transaction holds one stream while others publish.</summary>
[Category("Integration")]
public sealed class HeldStreamTests
{
    [TestCase(true)]
    [TestCase(false)]
    public async Task While_a_transaction_holds_one_stream_others_publish_and_that_one_waits(bool streamExistsBefore)
    {
        string database = await Shared.CreateDatabaseAsync();
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = database,
            ["Realtime:PublishTimeout"] = "00:01:00", // those who wait must not give up before the others are done
        });
        using var publisher = host.ClientFor("worker", Scopes.Publish);
        if (streamExistsBefore) (await PublishAsync(publisher, "held")).StatusCode.Should().Be(HttpStatusCode.Created);
        await using var business = await SqlDoor.ConnectAsync(database);
        await using var transaction = await business.BeginTransactionAsync();
        await AppendAsync(business, "held");

        var waiting = Enumerable.Range(0, 3).Select(_ => PublishAsync(publisher, "held")).ToList();
        var others = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => PublishAsync(publisher, $"other_{i}"))).WithinDeadline();

        others.Should().OnlyContain(r => r.StatusCode == HttpStatusCode.Created);
        waiting.Should().OnlyContain(t => !t.IsCompleted);
        await transaction.CommitAsync();
        var late = await Task.WhenAll(waiting).WithinDeadline();
        late.Should().OnlyContain(r => r.StatusCode == HttpStatusCode.Created);
        using var reader = host.ClientFor("held");
        var page = await (await reader.GetAsync(Routes.Events)).JsonAsync();
        page.GetProperty("head").GetString().Should().EndWith(streamExistsBefore ? ".5" : ".4");
    }

    [Test]
    public async Task A_stream_held_for_longer_than_the_publish_timeout_answers_503_with_the_id_and_a_retry_is_safe()
    {
        string database = await Shared.CreateDatabaseAsync();
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = database,
            ["Realtime:PublishTimeout"] = "00:00:01",
        });
        using var publisher = host.ClientFor("worker", Scopes.Publish);
        await using var business = await SqlDoor.ConnectAsync(database);
        var transaction = await business.BeginTransactionAsync();
        await AppendAsync(business, "held");
        var id = Guid.NewGuid();

        var refused = await PublishAsync(publisher, "held", id).WithinDeadline();

        refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter!.Delta.Should().BePositive();
        (await refused.JsonAsync()).GetProperty("ids")[0].GetGuid().Should().Be(id);
        await transaction.RollbackAsync();
        await Eventually.Async("the retry is stored", async () => (await PublishAsync(publisher, "held", id)).IsSuccessStatusCode);
        using var reader = host.ClientFor("held");
        (await (await reader.GetAsync(Routes.Events)).JsonAsync()).GetProperty("head").GetString().Should().EndWith(".1", "the rolled back append leaves no hole and the id counts once");
    }

    static Task<HttpResponseMessage> PublishAsync(HttpClient publisher, string user, Guid? id = null) =>
        publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(user, id: id)));

    static async Task AppendAsync(NpgsqlConnection connection, string user)
    {
        await using var append = new NpgsqlCommand("select * from append_agent_event($1, 'briefing.delivered', '{}')", connection);
        append.Parameters.AddWithValue(user);
        await append.ExecuteNonQueryAsync();
    }
}

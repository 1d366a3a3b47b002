using System.Net;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>What ready says of a PostgreSQL that answers but cannot keep the promise.</summary>
[Category("Integration")]
public sealed class StoreHealthTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Test]
    public async Task A_server_without_fsync_is_degraded_and_its_standby_is_not_ready_until_it_is_promoted()
    {
        await using var primary = await PostgresServer.StartAsync(new PostgresServerOptions { Fsync = false }).WithinDeadline(Patience);
        await using var onPrimary = await RealtimeHost.StartAsync(Store(primary));
        using var http = onPrimary.ClientWith(null);
        await Eventually.Async("the store is known", async () => (await http.GetAsync(Routes.Ready)).StatusCode == HttpStatusCode.OK, Patience);
        var ready = await http.GetAsync(Routes.Ready).WithinDeadline();
        ready.StatusCode.Should().Be(HttpStatusCode.OK);
        (await ready.Content.ReadAsStringAsync()).Should().Contain("degraded").And.Contain("fsync is off");
        onPrimary.Logs.All.Count(line => line.Text.Contains("store is weak", StringComparison.Ordinal)).Should().Be(1);

        await using var standby = await primary.StartSynchronousStandbyAsync().WithinDeadline(Patience);
        await using var onStandby = await RealtimeHost.StartAsync(Store(standby));
        using var waiting = onStandby.ClientWith(null);
        (await waiting.GetAsync(Routes.Ready).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        await Eventually.Async("it says why", () => onStandby.Logs.All.Any(line => line.Text.Contains("is a standby", StringComparison.Ordinal)), Patience);

        await primary.KillAsync().WithinDeadline(Patience);
        await standby.PromoteAsync().WithinDeadline(Patience);
        await Eventually.Async("the promoted server is ready", async () => (await waiting.GetAsync(Routes.Ready)).StatusCode == HttpStatusCode.OK, Patience);
    }

    static Dictionary<string, string?> Store(PostgresServer server) => new() { ["ConnectionStrings:Postgres"] = server.ConnectionString };
}

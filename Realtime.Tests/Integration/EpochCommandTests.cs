using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Server.EventStore;
using Realtime.Tests.Specifications;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Integration;

/// <summary><c>epoch renew</c> and <c>epoch show</c> as an operator runs them, beside a store that is in use.</summary>
[Category("Integration")]
internal sealed class EpochCommandTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [TestCase("Postgres")]
    [TestCase("Sqlite")]
    public async Task A_renewal_is_one_line_and_the_running_store_goes_on_in_the_new_epoch(string kind)
    {
        await using EventStoresUnderTest stores = kind == "Postgres" ? await EventStorePostgresUnderTest.CreateAsync() : new EventStoreSqliteUnderTest();
        string setting = stores is EventStorePostgresUnderTest postgres
            ? $"--ConnectionStrings:Postgres={postgres.ConnectionString}"
            : $"--Storage:SqlitePath={((EventStoreSqliteUnderTest)stores).FilePath}";
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        string user = NewUser();
        var last = (await stores.Events.FillAsync(user, 3))[^1].Position;

        (await RunAsync(0, "epoch", "show", setting)).Should().Equal($"The epoch is {last.Epoch}.");
        string line = (await RunAsync(0, "epoch", "renew", "--yes", "--expect", last.Epoch, setting)).Should().ContainSingle().Subject;

        var head = await stores.Events.HeadAsync(user);
        head.Epoch.Should().NotBe(last.Epoch);
        head.Sequence.Should().Be(3);
        line.Should().Contain($"was {last.Epoch} and is now {head.Epoch}");
        (await stores.Events.AfterAsync(user, last)).Should().BeOfType<StreamHistoryLost>().Which.Reason.Should().Be(HistoryLostReason.EpochChanged);
        (await stores.Events.AppendAsync(Event(user)))[0].Position.Should().Be(head.At(4));

        (await RunAsync(1, "epoch", "renew", "--yes", "--expect", last.Epoch, setting)).Should().ContainSingle("a repetition does nothing")
            .Which.Should().StartWith($"Nothing was changed: the epoch is {head.Epoch}, not {last.Epoch}");
        (await stores.Events.HeadAsync(user)).Epoch.Should().Be(head.Epoch);
    }

    [Test]
    public async Task On_a_terminal_it_says_what_it_will_do_and_asks_for_the_epochs_name()
    {
        await using var stores = new EventStoreSqliteUnderTest();
        await stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        string epoch = (await stores.Events.HeadAsync("anna")).Epoch;

        var refused = await OnTerminalAsync(stores.FilePath, "yes");
        refused.ExitCode.Should().Be(1);
        refused.Text.Should().Contain("every client of every user reports lost history").And.Contain($"Type {epoch} to renew it").And.Contain($"Nothing was changed: the epoch stays {epoch}");
        (await stores.Events.HeadAsync("anna")).Epoch.Should().Be(epoch);

        var confirmed = await OnTerminalAsync(stores.FilePath, epoch);
        confirmed.ExitCode.Should().Be(0, confirmed.Text);
        confirmed.Text.Should().Contain($"The epoch was {epoch} and is now");
        (await stores.Events.HeadAsync("anna")).Epoch.Should().NotBe(epoch);
    }

    [TestCase("There is no store", "epoch", "renew", "--yes", "--Storage:SqlitePath=/nowhere/realtime.db")]
    [TestCase("Could not", "epoch", "renew", "--yes", "--ConnectionStrings:Postgres=Host=127.0.0.1;Port=1;Database=x;Username=x")]
    public async Task What_cannot_be_done_is_one_line_too(string expected, params string[] arguments) =>
        (await RunAsync(1, arguments)).Should().ContainSingle().Which.Should().StartWith(expected);

    /// <summary>script(1) gives it a terminal.</summary>
    private static async Task<(int ExitCode, string Text)> OnTerminalAsync(string path, string answer)
    {
        string command = $"dotnet {RepositoryPaths.BuiltAssembly("Realtime.Server", "Realtime.Server.dll")} epoch renew --Storage:SqlitePath={path}";
        await using var run = await ProgramRun.StartAsync("script", ["--quiet", "--return", "--command", command, "/dev/null"], input: answer + "\n");
        return (await run.WaitForExitAsync(Patience), string.Join('\n', run.Output));
    }

    private static async Task<IReadOnlyList<string>> RunAsync(int exitCode, params string[] arguments)
    {
        await using var run = await ProgramRun.StartProjectAsync("Realtime.Server", arguments);
        (await run.WaitForExitAsync(Patience)).Should().Be(exitCode, string.Join('\n', run.Output));
        return run.Output;
    }
}

// Books each event of one user exactly once, however often this program is killed: the effect and the cursor are written in
// one transaction of one SQLite database.
//
//   dotnet run --project samples/ExactlyOnce                          kill -9 it at any moment, start it again, count the rows of "effects"
//   dotnet run --project samples/ExactlyOnce -- --help                all options
using ExactlyOnce;
using Microsoft.Data.Sqlite;
using Realtime.Client;
using SampleTools;

try
{
    var settings = Settings.Parse(args);
    string database = new SqliteConnectionStringBuilder { DataSource = settings.Database }.ToString();
    var ledger = new Ledger(database);
    ledger.Create();
    var cursors = new SqliteCursorStore(database);
    using var signIn = settings.SignIn;
    await using var client = new AgentEventsClient(new AgentEventsClientOptions
    {
        ServerUrl = signIn.Server,
        UserId = signIn.User,
        AccessTokenProvider = signIn.GetTokenAsync,
        CursorStore = cursors,
        StartFrom = StartFrom.CursorElse(StartFrom.Beginning),
    });

    client.On(async (e, ct) =>
    {
        await using var connection = await ledger.OpenAsync(ct);
        await using var transaction = connection.BeginTransaction();
        if (!settings.IsApart && !await cursors.TryPassAsync(e, transaction, ct)) return;
        await Ledger.BookAsync(e, transaction, ct);
        await transaction.CommitAsync(ct);
    });

    using var stop = new CtrlC();
    await client.StartAsync(stop.Token);
    Console.WriteLine($"Booking the events of {signIn.User} after {client.Position} in {settings.Database}. Ctrl+C stops.");
    await Task.WhenAny(client.Completion, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token));
    if (client.Completion.IsCompleted) await client.Completion;
    return Exit.Success;
}
catch (UsageException usage)
{
    return Exit.Say(usage);
}
catch (OperationCanceledException)
{
    return Exit.Success;
}
catch (Exception fault) when (fault is RealtimeException or SqliteException)
{
    return Exit.Fail(fault.Message);
}

// Books each event of one user exactly once, however often this program is killed: the effect and the cursor are written in
// one transaction of one SQLite database.
//
//   dotnet run --project samples/ExactlyOnce                          kill -9 it at any moment, start it again, count the rows of "effects"
//   Options: --user demo  --server http://localhost:5080  --token …  --database exactly-once.db
//            --apart (effect and cursor in two transactions, as with any other store: after a kill some effects happen twice)
using ExactlyOnce;
using Microsoft.Data.Sqlite;
using Realtime.Client;

try
{
    var settings = Settings.Parse(args);
    string database = new SqliteConnectionStringBuilder { DataSource = settings.Database }.ToString();
    var ledger = new Ledger(database);
    ledger.Create();
    var cursors = new SqliteCursorStore(database);
    using var signIn = new SignIn(settings);
    await using var client = new AgentEventsClient(new AgentEventsClientOptions
    {
        ServerUrl = settings.Server,
        UserId = settings.User,
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

    using var stop = new CancellationTokenSource();
    Console.CancelKeyPress += (_, e) =>
    {
        e.Cancel = true;
        stop.Cancel();
    };
    await client.StartAsync(stop.Token);
    Console.WriteLine($"Booking the events of {settings.User} after {client.Position} in {settings.Database}. Ctrl+C stops.");
    await Task.WhenAny(client.Completion, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token));
    if (client.Completion.IsCompleted) await client.Completion;
    return 0;
}
catch (OperationCanceledException)
{
    return 0;
}
catch (Exception fault) when (fault is ArgumentException or RealtimeException or SqliteException)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return 1;
}

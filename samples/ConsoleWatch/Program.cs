// Watches one user's agents live in the console and survives whatever happens to the server.
//
//   dotnet run --project samples/ConsoleWatch                         the demo user of a server on this machine
//   Options: --user demo  --server http://localhost:5080  --token …  --cursor FILE (goes on where it stopped)  --from-beginning
using ConsoleWatch;
using Realtime.Client;
using Spectre.Console;

try
{
    var settings = WatchSettings.Parse(args);
    using var signIn = new SignIn(settings);
    await using var client = new AgentEventsClient(new AgentEventsClientOptions
    {
        ServerUrl = settings.Server,
        UserId = settings.User,
        AccessTokenProvider = signIn.GetTokenAsync,
        CursorStore = settings.CursorFile is null ? new InMemoryCursorStore() : new FileCursorStore(settings.CursorFile),
        StartFrom = settings.FromBeginning ? StartFrom.CursorElse(StartFrom.Beginning) : StartFrom.Cursor,
    });

    IWatchView view = AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected
        ? new LiveView(client, settings)
        : new LineView(client, settings);
    client.On((e, _) => view.ShowAsync(e));
    client.HistoryLost += (_, lost) => view.Note($"History lost ({lost.Reason}): going on from {lost.ContinueFrom}.");

    using var stop = new CancellationTokenSource();
    Console.CancelKeyPress += (_, e) =>
    {
        e.Cancel = true;
        stop.Cancel();
    };
    await view.RunAsync(stop.Token);
    return 0;
}
catch (Exception fault) when (fault is ArgumentException or RealtimeException)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return 1;
}

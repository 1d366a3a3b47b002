// Watches one user's agents live and survives whatever happens to the server.
//
//   dotnet run --project samples/ConsoleWatch                         the demo user of a server on this machine
//   dotnet run --project samples/ConsoleWatch -- --help               all options
using ConsoleWatch;
using Realtime.Client;
using SampleTools;

try
{
    var settings = WatchSettings.Parse(args);
    using var stop = new CtrlC();
    using var signIn = settings.SignIn;
    if (await signIn.FindRefusalAsync(stop.Token) is { } refusal) return Exit.Fail(refusal);

    await using var client = new AgentEventsClient(new AgentEventsClientOptions
    {
        ServerUrl = signIn.Server,
        UserId = signIn.User,
        AccessTokenProvider = signIn.GetTokenAsync,
        CursorStore = settings.CursorFile is null ? new InMemoryCursorStore() : new FileCursorStore(settings.CursorFile),
        StartFrom = settings.StartFrom,
    });

    var view = settings.ViewOf(client);
    bool isReplay = settings.IsReplay; // the past that was asked for was not missed
    client.On((e, _) => view.ShowAsync(e, isMissed: !isReplay && client.Status.State != ConnectionState.Live));
    client.HistoryLost += (_, lost) => view.HistoryLost(lost);
    client.CaughtUp += (_, _) =>
    {
        isReplay = false;
        view.CaughtUp();
    };

    await view.RunAsync(stop.Token); // starts the client
    return Exit.Success; // Ctrl+C is how watching ends
}
catch (UsageException usage)
{
    return Exit.Say(usage);
}
catch (OperationCanceledException)
{
    return Exit.Success;
}
catch (RealtimeException fault)
{
    return Exit.Fail(fault.Message);
}

// A worker in a process of its own: publishes the steps of agent runs for one user and obeys the user's emergency brake.
//
//   dotnet run --project samples/AgentWorker                          through the server's HTTP endpoint (Development: signs in by itself)
//   dotnet run --project samples/AgentWorker -- --ConnectionStrings:Postgres "…" --ConnectionStrings:Redis "…"
//                                                                     through the hub context: same store, same backplane, no HTTP
//   dotnet run --project samples/AgentWorker -- --help                all options
using AgentWorker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Realtime.Client;
using Realtime.Server;
using Realtime.Server.EventStore;
using SampleTools;

try
{
    var settings = WorkerSettings.Parse(args);
    using var stop = new CtrlC();
    using var signIn = settings.SignIn;

    var builder = Host.CreateApplicationBuilder([.. settings.HostSettings]);
    builder.Logging.ClearProviders().AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning); // standard output is for events
    bool isDirect = builder.Configuration.GetConnectionString("Postgres") is { Length: > 0 };
    if (isDirect) builder.AddRealtimePublisher();
    using var host = builder.Build();
    await host.StartAsync(stop.Token);

    await using WorkerLink link = isDirect ? HubContextLink.Of(host.Services, signIn.User) : await HttpLink.ConnectAsync(signIn, stop.Token);
    bool finished = await settings.View.RunAsync(view => new AgentRuns(link, view, settings).RunAsync(stop.Token));
    await host.StopAsync(CancellationToken.None);
    return finished ? Exit.Success : Exit.Interrupted;
}
catch (UsageException usage)
{
    return Exit.Say(usage);
}
catch (OperationCanceledException)
{
    return Exit.Interrupted;
}
catch (Exception fault) when (fault is RealtimeConfigurationException or RealtimeException or StoreUnavailableException or HttpRequestException or InvalidOperationException)
{
    return Exit.Fail(fault.Message);
}

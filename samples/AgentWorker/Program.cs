// A worker in a process of its own: publishes the steps of agent runs for one user and obeys the user's emergency brake.
//
//   dotnet run --project samples/AgentWorker                          through the server's HTTP endpoint (Development: signs in by itself)
//   dotnet run --project samples/AgentWorker -- --ConnectionStrings:Postgres "…" --ConnectionStrings:Redis "…"
//                                                                     through the hub context: same store, same backplane, no HTTP
//   Options: --user demo  --runs 3  --pause 1000 (ms between steps)  --server http://localhost:5080  --token …
using AgentWorker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Realtime.Contracts;
using Realtime.Server;
using Spectre.Console;

try
{
    var builder = Host.CreateApplicationBuilder(args);
    builder.Logging.SetMinimumLevel(LogLevel.Warning);
    var settings = WorkerSettings.From(builder.Configuration);

    if (builder.Configuration.GetConnectionString("Postgres") is { Length: > 0 }) builder.AddRealtimePublisher();
    using var host = builder.Build();
    await host.StartAsync();

    var lifetime = (IHostApplicationLifetime)host.Services.GetService(typeof(IHostApplicationLifetime))!;
    await using var link = await WorkerLink.ConnectAsync(host.Services, settings, lifetime.ApplicationStopping);
    AnsiConsole.MarkupLineInterpolated($"Publishing [bold]{settings.Runs}[/] runs for [bold]{settings.User}[/] {link.Description}.");

    bool finished = await new AgentRuns(link, settings).RunAsync(lifetime.ApplicationStopping);
    await host.StopAsync();
    return finished ? 0 : 130;
}
catch (Exception fault) when (fault is RealtimeConfigurationException or ArgumentException or HttpRequestException or InvalidOperationException)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return 1;
}

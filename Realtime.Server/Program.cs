using Microsoft.AspNetCore.Connections;
using Realtime.Server;
using Realtime.Server.Auth;
using Realtime.Server.CommandLine;
using Realtime.Server.Dashboard;
using Realtime.Server.Description;
using Realtime.Server.EventStore;
using Realtime.Server.EventStore.Schema;

if (ServerCommands.IsMeant(args)) return await ServerCommands.RunAsync(args);

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddRealtimeServer();
    builder.AddRealtimeTelemetry();
    builder.Services.CloseWhatNobodyOpened();
    builder.WebHost.ConfigureKestrel(WebServerLimits.Apply);
    builder.Services.AddHostedService<MemoryTrim>();

    await using var app = builder.Build();
    app.UseExceptionHandler();
    app.UseStatusCodePages();
    app.UseRouting();
    app.UseCors(); // before authentication: a preflight carries no token, and a page must be able to read a 401
    app.UseAuthentication();
    app.UseAuthorization();
    app.MapRealtime();
    app.MapDashboard();
    if (app.Environment.IsDevelopment()) app.MapReferencePage();
    await app.RunAsync();
    return 0;
}
catch (Exception fault) when (fault is RealtimeConfigurationException or SchemaTooNewException or DatabaseRightsException or IOException { InnerException: AddressInUseException })
{
    await Console.Error.WriteLineAsync(fault.Message);
    return 1;
}
catch (InvalidDataException fault)
{
    // A settings file that is no JSON: the reader's own words name the line.
    await Console.Error.WriteLineAsync($"{fault.Message} {fault.InnerException?.InnerException?.Message ?? fault.InnerException?.Message}".ReplaceLineEndings(" "));
    return 1;
}

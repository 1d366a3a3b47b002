using Microsoft.AspNetCore.Connections;
using Realtime.Server;
using Realtime.Server.Auth;
using Realtime.Server.Dashboard;
using Realtime.Server.EventStore;
using Realtime.Server.EventStore.Schema;

try
{
    var builder = WebApplication.CreateBuilder(args);
    if (EpochCommand.IsMeant(args)) return await EpochCommand.RunAsync(args, builder);
    if (SchemaCommand.IsMeant(args)) return await SchemaCommand.RunAsync(args, builder);

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

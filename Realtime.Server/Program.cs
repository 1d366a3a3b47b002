using Microsoft.AspNetCore.Connections;
using Realtime.Server;
using Realtime.Server.Dashboard;
using Realtime.Server.EventStore.Schema;

try
{
    var builder = WebApplication.CreateBuilder(args);
    if (EpochCommand.IsMeant(args)) return await EpochCommand.RunAsync(args, builder);

    builder.AddRealtimeServer();
    builder.WebHost.ConfigureKestrel(WebServerLimits.Apply);

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
catch (Exception fault) when (fault is RealtimeConfigurationException or SchemaTooNewException or IOException { InnerException: AddressInUseException })
{
    await Console.Error.WriteLineAsync(fault.Message);
    return 1;
}

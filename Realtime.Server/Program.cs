using Realtime.Server;
using Realtime.Server.Dashboard;

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddRealtimeServer();

    await using var app = builder.Build();
    app.UseExceptionHandler();
    app.UseStatusCodePages();
    app.UseCors();
    app.MapRealtime();
    app.MapDashboard();
    await app.RunAsync();
    return 0;
}
catch (RealtimeConfigurationException fault)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return 1;
}

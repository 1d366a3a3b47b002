using Realtime.Server;

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddRealtimeServer();

    await using var app = builder.Build();
    app.UseExceptionHandler();
    app.UseStatusCodePages();
    app.UseCors();
    app.MapRealtime();
    await app.RunAsync();
    return 0;
}
catch (RealtimeConfigurationException fault)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return 1;
}

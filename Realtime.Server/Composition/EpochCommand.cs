using Realtime.Server.EventStore;

namespace Realtime.Server;

/// <summary>
/// <c>epoch show</c> and <c>epoch renew</c>: for an operator who has restored or replaced the database in a way that the server
/// cannot notice. Same configuration as the server's; one line as the result; exit code 0 or 1.
/// </summary>
internal static class EpochCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    internal static bool IsMeant(string[] args) => args is ["epoch", ..];

    internal static async Task<int> RunAsync(string[] args, WebApplicationBuilder builder)
    {
        if (args is not ["epoch", "show" or "renew", ..]) return await FailAsync("Usage: epoch show | epoch renew");

        ConfigurationCheck.Store(builder.Configuration);
        builder.Services.Configure<RealtimeOptions>(builder.Configuration.GetSection(RealtimeOptions.Section));
        builder.Services.AddEventStore(builder.Configuration);
        builder.Logging.ClearProviders(); // the result is one line
        await using var services = builder.Services.BuildServiceProvider();
        if (services.GetService<SqliteDatabase>() is { Exists: false } missing) return await FailAsync($"There is no store at {missing.Path}.");

        var epochs = services.GetRequiredService<IEpochStore>();
        try
        {
            await services.GetRequiredService<IEventStore>().InitializeAsync(CancellationToken.None);
            string old = await epochs.ReadAsync(CancellationToken.None);
            if (args[1] == "show")
            {
                Console.WriteLine($"The epoch is {old}.");
                return 0;
            }

            if (await RenewAsync(epochs, TimeProvider.System) is not { } renewed)
                return await FailAsync($"The epoch stays {old}: transactions that append events were open for {Patience.TotalSeconds:0} s. End them, then try again.");
            Console.WriteLine($"The epoch was {old} and is now {renewed}: clients are told that history was lost.");
            return 0;
        }
        catch (StoreUnavailableException fault)
        {
            return await FailAsync(fault.Message.ReplaceLineEndings(" "));
        }
    }

    /// <summary>Short attempts: appends queue behind each, so none may last.</summary>
    private static async Task<string?> RenewAsync(IEpochStore epochs, TimeProvider time)
    {
        long start = time.GetTimestamp();
        while (time.GetElapsedTime(start) < Patience)
        {
            if (await epochs.TryRenewAsync(CancellationToken.None) is { } renewed) return renewed;
            await Task.Delay(Pause, time, CancellationToken.None);
        }

        return null;
    }

    private static async Task<int> FailAsync(string why)
    {
        await Console.Error.WriteLineAsync(why);
        return 1;
    }
}

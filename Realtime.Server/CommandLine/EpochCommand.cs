using Realtime.Server.EventStore;

namespace Realtime.Server.CommandLine;

/// <summary>
/// <c>epoch show</c> and <c>epoch renew</c>: for an operator who has restored or replaced the database in a way that the server
/// cannot notice. Same configuration as the server's.
/// </summary>
internal static class EpochCommand
{
    private const string Yes = "--yes";
    private const string Expect = "--expect";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    internal static readonly ServerCommand Show = new(
        "epoch show",
        "names the store's history",
        "The epoch is the first half of every position (k3f9 in k3f9.42). It changes when the store's history is another one.",
        [],
        ShowAsync);

    internal static readonly ServerCommand Renew = new(
        "epoch renew",
        "tells all clients that history was lost (asks first)",
        """
        After a database was restored or replaced in a way that the server cannot notice: an embedded store copied back, or a
        dump from before this release. The server notices everything else by itself.
        Every cursor becomes foreign at once, and every client, of every user, reports lost history and goes on from what the
        store holds; nothing is deleted. Twice does it to them twice: on a terminal it asks for the epoch's name, scripts pass
        --yes, and --expect NAME makes a repetition do nothing.
        """,
        [
            new(Yes, null, "do not ask"),
            new(Expect, "EPOCH", "renew only while this is the epoch; else change nothing and end with 1"),
        ],
        RenewAsync);

    private static async Task<int> ShowAsync(CommandContext context)
    {
        await using var store = await OpenAsync(context);
        if (store is null) return MissingStore(context);
        string epoch = await store.Epochs.ReadAsync(context.Cancelled);
        context.Output.Result(new { status = "ok", epoch }, $"The epoch is {epoch}.");
        return ExitCode.Success;
    }

    private static async Task<int> RenewAsync(CommandContext context)
    {
        if (!context.Arguments.Has(Yes) && !context.Output.CanAsk)
            throw new UsageException("epoch renew makes every client report lost history, and nobody can be asked here: pass --yes if that is meant.");
        await using var store = await OpenAsync(context);
        if (store is null) return MissingStore(context);

        string old = await store.Epochs.ReadAsync(context.Cancelled);
        if (context.Arguments.Value(Expect) is { } expected && expected != old) return NotExpected(context, old, expected);
        if (!context.Arguments.Has(Yes) && !IsConfirmed(old)) return context.Output.Fail($"Nothing was changed: the epoch stays {old}.");

        if (await RenewAsync(store.Epochs, old, context) is not { } renewed)
        {
            string now = await store.Epochs.ReadAsync(context.Cancelled);
            return now != old
                ? NotExpected(context, now, old)
                : context.Output.Fail($"The epoch stays {old}: transactions that append events were open for {Patience.TotalSeconds:0} s. End them, then try again.");
        }

        context.Output.Result(
            new { status = "ok", was = old, epoch = renewed },
            $"The epoch was {old} and is now {renewed}: clients are told that history was lost.");
        return ExitCode.Success;
    }

    private static bool IsConfirmed(string epoch)
    {
        Console.WriteLine($"The epoch is {epoch}. Renewing it cannot be taken back:");
        Console.WriteLine("  - every client of every user reports lost history at once, and goes on with what the store holds;");
        Console.WriteLine("  - every cursor, here and on devices, becomes foreign; no event is deleted.");
        Console.WriteLine("Right after a restore that the server cannot notice; in doubt, do not: 'docs/command-line.md' says when.");
        Console.Write($"Type {epoch} to renew it, anything else to leave it: ");
        return Console.ReadLine()?.Trim() == epoch;
    }

    /// <summary>Short attempts: appends queue behind each, so none may last.</summary>
    private static async Task<string?> RenewAsync(IEpochStore epochs, string expected, CommandContext context)
    {
        long start = context.Time.GetTimestamp();
        while (context.Time.GetElapsedTime(start) < Patience)
        {
            if (await epochs.TryRenewAsync(expected, context.Cancelled) is { } renewed) return renewed;
            if (await epochs.ReadAsync(context.Cancelled) != expected) return null;
            await Task.Delay(Pause, context.Time, context.Cancelled);
        }

        return null;
    }

    private static int NotExpected(CommandContext context, string epoch, string expected) =>
        context.Output.Fail($"Nothing was changed: the epoch is {epoch}, not {expected}. It was renewed already, or this is another store.");

    private static int MissingStore(CommandContext context) =>
        context.Output.Fail($"There is no store at {SqlitePath.Of(context.Configuration, context.Environment)}. Set Storage:SqlitePath or ConnectionStrings:Postgres to the server's.");

    private static async Task<OpenStore?> OpenAsync(CommandContext context)
    {
        ConfigurationCheck.Store(context.Configuration);
        var store = new OpenStore(StoreServices.Build(context));
        if (store.Services.GetService<SqliteDatabase>() is { Exists: false })
        {
            await store.DisposeAsync();
            return null;
        }

        await store.Services.GetRequiredService<IEventStore>().InitializeAsync(context.Cancelled);
        return store;
    }

    private sealed class OpenStore(ServiceProvider services) : IAsyncDisposable
    {
        internal ServiceProvider Services => services;

        internal IEpochStore Epochs => services.GetRequiredService<IEpochStore>();

        public ValueTask DisposeAsync() => services.DisposeAsync();
    }
}

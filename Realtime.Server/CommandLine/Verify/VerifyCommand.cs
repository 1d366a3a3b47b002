using System.Globalization;
using Npgsql;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;
using Realtime.Server.EventStore;
using Spectre.Console;

namespace Realtime.Server.CommandLine.Verify;

/// <summary><c>verify</c>: reads the store as it is on disk and says what is wrong with it.</summary>
internal static class VerifyCommand
{
    private const string User = "--user";

    /// <summary>In the JSON document; the count goes on.</summary>
    private const int MostInDocument = 10_000;

    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    internal static readonly ServerCommand Command = new(
        "verify",
        "reads the store and checks every stream",
        """
        Reads each stream in order and checks: no gap between the oldest event and the head, no sequence or id twice, times
        that increase, heads and trimmed ends that agree with the events, ids that the look-up of repeated publishes finds,
        data that is JSON in UTF-8 of the stored length and can be read by clients, cursors not ahead, one epoch. The store
        keeps no hashes of data, so a change that leaves it readable and equally long is not seen.
        Reads in small pages, writes nothing, and may run beside servers that work. Stops at the first Ctrl+C.
        """,
        [new(User, "USER", "only this user's stream; may be repeated")],
        RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var users = context.Arguments.Values(User);
        if (users.FirstOrDefault(u => !UserId.IsValid(u)) is not null) throw new UsageException($"{User} must be {UserId.Rule}.");
        ConfigurationCheck.Store(context.Configuration);
        try
        {
            await using var scan = await OpenAsync(context);
            return context.Output.IsTerminal ? await OnTerminalAsync(context, scan, users) : await InLinesAsync(context, scan, users);
        }
        catch (NpgsqlException fault) when (!context.Cancelled.IsCancellationRequested)
        {
            throw new CommandFailedException($"PostgreSQL does not answer, or refuses: {CommandOutput.OneLine(fault.InnerException?.Message ?? fault.Message)} ('Realtime.Server doctor' says why.)");
        }
    }

    private static async Task<IStoreScan> OpenAsync(CommandContext context) => context.Configuration.GetConnectionString("Postgres") is { Length: > 0 } postgres
        ? await PostgresScan.OpenAsync(postgres, context.Cancelled)
        : SqliteScan.Open(Path.GetFullPath(SqlitePath.Of(context.Configuration, context.Environment)));

    private static Task<int> OnTerminalAsync(CommandContext context, IStoreScan scan, IReadOnlyList<string> users) => CommandOutput.Terminal.Progress()
        .AutoClear(true)
        .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
        .StartAsync(async progress =>
        {
            long all = users.Count > 0 ? users.Count : await scan.CountStreamsAsync(context.Cancelled);
            var task = progress.AddTask("reading", maxValue: Math.Max(1, all));
            var tally = new VerifyTally(f => CommandOutput.Terminal.Write(new Text(Words(f) + Environment.NewLine, new Style(Color.Red))));
            var run = ReadAsync(context, scan, users, tally);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100), context.Time);
            while (!run.IsCompleted)
            {
                task.Value = tally.Streams;
                task.Description = Markup.Escape(Counts(tally));
                await Task.WhenAny(run, timer.WaitForNextTickAsync(CancellationToken.None).AsTask());
            }

            task.Value = task.MaxValue;
            return await run;
        });

    private static async Task<int> InLinesAsync(CommandContext context, IStoreScan scan, IReadOnlyList<string> users)
    {
        var kept = new List<StoreFault>();
        var tally = new VerifyTally(f =>
        {
            if (!context.Output.IsJson) CommandOutput.Line(Words(f));
            else if (kept.Count < MostInDocument) kept.Add(f);
        });
        var run = ReadAsync(context, scan, users, tally, kept);
        using var timer = new PeriodicTimer(LineInterval, context.Time);
        while (await Task.WhenAny(run, timer.WaitForNextTickAsync(CancellationToken.None).AsTask()) != run)
            CommandOutput.ErrorLine($"... {Counts(tally)}"); // apart from the result, which somebody may be reading
        return await run;
    }

    private static async Task<int> ReadAsync(CommandContext context, IStoreScan scan, IReadOnlyList<string> users, VerifyTally tally, List<StoreFault>? kept = null)
    {
        long start = context.Time.GetTimestamp();
        string? epoch = null;
        bool isComplete = false;
        try
        {
            epoch = await new StoreVerifier(scan, EventTypes.CreateDefault(), tally).RunAsync(users, context.Cancelled);
            isComplete = true;
        }
        catch (OperationCanceledException) when (context.Cancelled.IsCancellationRequested)
        {
            // What was found until here is said; the exit code says that it is not all.
        }

        var took = context.Time.GetElapsedTime(start);
        string status = tally.Faults > 0 ? "failed" : isComplete ? "ok" : "interrupted";
        if (context.Output.IsJson)
        {
            CommandOutput.Document(new
            {
                status,
                store = scan.Description,
                epoch,
                isComplete,
                streams = tally.Streams,
                events = tally.Events,
                faults = kept,
                faultCount = tally.Faults,
                unreadByContract = tally.UnreadByContract,
                seconds = Math.Round(took.TotalSeconds, 3),
            });
        }
        else
        {
            if (tally.UnreadByContract > 0)
                CommandOutput.Line($"note     {tally.UnreadByContract} event(s) of a known type carry data the contract cannot read, which clients hand over raw (appended in SQL?); the first: {tally.FirstUnread}");
            CommandOutput.Line(string.Create(CultureInfo.InvariantCulture, $"{(isComplete ? string.Empty : "interrupted after ")}{Counts(tally)} in {took.TotalSeconds:0.0} s, {scan.Description}{(epoch is null ? string.Empty : $", epoch {epoch}")}"));
            if (tally.Faults > 0) CommandOutput.Line("No command mends this: restore a backup, and run 'epoch renew' where the server cannot notice (docs/operations.md).");
        }

        return !isComplete ? context.Interruption.ExitCode : tally.Faults > 0 ? ExitCode.Failed : ExitCode.Success;
    }

    private static string Counts(VerifyTally tally) => string.Create(CultureInfo.InvariantCulture, $"{tally.Streams:#,0} streams, {tally.Events:#,0} events, {tally.Faults:#,0} faults");

    private static string Words(StoreFault fault) =>
        $"fault    {JsonNames(fault.Kind),-10}  {(fault.User is null ? string.Empty : fault.User + (fault.Sequence is { } s ? string.Create(CultureInfo.InvariantCulture, $" {s}") : string.Empty) + ": ")}{fault.What}";

    private static string JsonNames(FaultKind kind) => kind.ToString().ToLowerInvariant();
}

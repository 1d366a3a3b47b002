using System.Runtime.InteropServices;
using Realtime.Chaos.Records;
using Realtime.Client;

namespace Realtime.Chaos.Clients;

/// <summary>A process of many clients, each reading one user's stream and writing down what its handler gets. Ends on SIGTERM.</summary>
static class ClientCommand
{
    /// <summary>First word of its command line.</summary>
    internal const string Name = "client";

    internal static async Task<int> RunAsync(string settingsFile)
    {
        var settings = ClientSettings.ReadFrom(settingsFile);
        using var stopping = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        // Ctrl+C in the terminal reaches the whole group; the run decides when its clients end.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var log = new RecordLog(settings.RecordFile);
        var time = new SteppedTime();
        var suffering = new ClientSuffering(settings.ControlFile, time);
        var suffers = suffering.RunAsync(stopping.Token);

        var clients = settings.Users.Select(user => Create(user, settings, suffering, time, log)).ToList();
        await Task.WhenAll(clients.Select((client, i) => StartAsync(client, settings.Users[i], log, stopping.Token)).Append(UntilStopped(suffers)));
        await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopping.Cancel();
        }
    }

    static AgentEventsClient Create(string user, ClientSettings settings, ClientSuffering suffering, SteppedTime time, RecordLog log)
    {
        var tokens = new ClientTokens(settings, user, suffering, log);
        var client = new AgentEventsClient(new AgentEventsClientOptions
        {
            ServerUrl = new Uri(settings.ServerUrl),
            UserId = user,
            AccessTokenProvider = tokens.GetAsync,
            CursorStore = new RecordingCursorStore(new FileCursorStore(Path.Combine(settings.CursorFolder, user + ".json")), user, log, suffering),
            TimeProvider = time,
        });
        client.On(async (e, ct) =>
        {
            if (suffering.Current.HoldHandlers)
                log.Write(new ClientRecord.Held(user));
            while (suffering.Current.HoldHandlers)
                await Task.Delay(50, ct);
            log.Write(new ClientRecord.Handled(user, e.Position, e.Id, ContentHash.Of(e.RawData.Utf8.Span), Clock.Micros));
        });
        client.StateChanged += (_, change) =>
        {
            if (change is { Previous.State: ConnectionState.Connecting or ConnectionState.Reconnecting, Current.State: ConnectionState.CatchingUp })
                log.Write(new ClientRecord.Connected(user));
        };
        client.HistoryLost += (_, lost) => log.Write(new ClientRecord.Lost(user, ReasonOf(lost), lost.LastProcessed, lost.Head, lost.Oldest));
        client.EventParked += (_, parked) => log.Write(new ClientRecord.Parked(user, parked.Event.Position));
        return client;
    }

    static string ReasonOf(HistoryLostEventArgs lost) => lost.Reason switch
    {
        Contracts.HistoryLostReason.Trimmed => "trimmed",
        Contracts.HistoryLostReason.Forked => "forked",
        Contracts.HistoryLostReason.EpochChanged => "epoch_changed",
        _ => "ahead_of_head",
    };

    /// <summary>Ends when the client has stopped; by itself, which is written down, or because the process stops.</summary>
    static async Task StartAsync(AgentEventsClient client, string user, RecordLog log, CancellationToken stopping)
    {
        try
        {
            await client.StartAsync(stopping);
            await client.Completion.WaitAsync(stopping);
            log.Write(new ClientRecord.Stopped(user, "completed"));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The process stops.
        }
        catch (Exception fault)
        {
            log.Write(new ClientRecord.Stopped(user, $"{fault.GetType().Name}: {fault.Message}"));
        }
    }

    static async Task UntilStopped(Task suffers)
    {
        try
        {
            await suffers;
        }
        catch (OperationCanceledException)
        {
            // SIGTERM.
        }
    }
}

using Realtime.Client;
using Realtime.Client.Ordering;
using Realtime.Contracts;

namespace Realtime.Tests.Simulation;

/// <summary>Keeps a process connected, as the connection loop and its session do: connect, join, ask for the head, ask again after a silence.</summary>
sealed class SimLink(SimScheduler scheduler, SimRandom random, SimProfile profile, SimServer server, SimProcess process)
{
    SimConnection? _connection;

    internal bool IsSound => _connection is { IsOver: false, IsStuck: false };

    internal void Connect(TimeSpan wait) => scheduler.In(wait, () =>
    {
        if (process.IsDead) return;
        process.States.TryMove(ConnectionState.Connecting, "connecting");
        int generation = process.States.Connected("connected");
        process.Checker.Connected(generation);
        var connection = _connection = new SimConnection(scheduler, random, profile, process, generation);
        scheduler.Tell("client", $"connection {generation} stands");
        scheduler.In(random.Ms(0, 50), () =>
        {
            server.Join(connection);
            scheduler.In(random.Ms(0, 30), () => AskHead(connection));
        });
    });

    internal void Cut()
    {
        if (_connection is not { IsOver: false } connection) return;
        scheduler.Tell("network", $"connection {connection.Generation} is cut");
        scheduler.Note(Happening.Cut);
        connection.Cut();
        scheduler.In(random.Ms(0, 2000), () => server.Leave(connection)); // the server may notice later
        process.States.TryMove(ConnectionState.Reconnecting, "cut");
        Connect(random.Ms(0, profile.IsHealed ? 500 : 3000));
    }

    internal void Stick()
    {
        if (_connection is not { IsOver: false } connection) return;
        scheduler.Tell("network", $"connection {connection.Generation} is stuck");
        scheduler.Note(Happening.Stuck);
        connection.IsStuck = true;
    }

    internal void Leave()
    {
        if (_connection is { } connection) server.Leave(connection);
    }

    void AskHead(SimConnection connection)
    {
        if (connection.IsOver) return;
        if (connection.IsStuck)
        {
            scheduler.In(TimeSpan.FromSeconds(12), () => GiveUp(connection));
            return;
        }

        server.GetHead(
            head => connection.Reply(() => Answered(connection, head)),
            unavailable: () => scheduler.In(random.Ms(1000, 2000), () => AskHead(connection)));
    }

    void Answered(SimConnection connection, StreamPosition head)
    {
        scheduler.Tell("client", $"#{connection.Generation} is told head {head}");
        process.Checker.Barrier(head);
        process.Live.AddBarrier(new BarrierHead(connection.Generation, head));
        WatchSilence(connection, random.Ms(15_000, 45_000));
    }

    void WatchSilence(SimConnection connection, TimeSpan idle) => scheduler.In(idle, () =>
    {
        if (connection.IsOver) return;
        var quiet = process.Clock.GetElapsedTime(process.Live.LastHeard);
        if (quiet < idle) WatchSilence(connection, idle - quiet);
        else AskHead(connection);
    });

    void GiveUp(SimConnection connection)
    {
        if (connection == _connection) Cut();
    }
}

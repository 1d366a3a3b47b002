using System.Text;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Hostile;

/// <summary>Clients that connect properly and then take nothing out of their sockets, while large events are published for them.</summary>
internal static class NeverRead
{
    private const int Connections = 1_000;
    private const int Users = 10;
    private const int EventsPerUser = 100;
    private const int EventBytes = 16 * 1024;
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(30);

    public static async Task<string> RunAsync(SystemUnderTest system, Scale scale)
    {
        int connections = scale.Of(Connections);
        for (int user = 1; user <= Users; user++) system.TokenOf(WireEvent.UserName(user));
        var sockets = new HubSocket?[connections];
        try
        {
            await Parallel.ForAsync(0, connections, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
            {
                string user = WireEvent.UserName(1 + (i % Users));
                sockets[i] = await HubSocket.ConnectAsync(system.EndPoints[0], user, system.TokenOf(user), new Joining(), i);
                sockets[i]!.StopReading();
            });
            int published = await PublishAsync(system);
            await Task.Delay(Held); // SignalR gives up a socket that takes nothing for 10 s
            return $"{connections} connected, {published} events published";
        }
        finally
        {
            foreach (var socket in sockets) socket?.Dispose();
        }
    }

    private static async Task<int> PublishAsync(SystemUnderTest system)
    {
        int published = 0;
        await Parallel.ForAsync(1, Users + 1, new ParallelOptions { MaxDegreeOfParallelism = Users }, async (user, _) =>
        {
            using var http = await HttpSocket.ConnectAsync(system.EndPoints[0], system.Stage.WorkerToken, user);
            byte[] path = "/api/v1/agents/events"u8.ToArray();
            byte[] body = Encoding.UTF8.GetBytes(
                $"{{\"userId\":\"{WireEvent.UserName(user)}\",\"type\":\"briefing.delivered\",\"data\":{{\"briefingId\":\"b\",\"title\":\"{new string('t', EventBytes)}\",\"channel\":\"email\",\"itemCount\":1}}}}");
            for (int i = 0; i < EventsPerUser; i++)
            {
                if (await http.PostAsync(path, body) == 201) Interlocked.Increment(ref published);
            }
        });
        return published;
    }

    /// <summary>Joined once the handshake is answered; nothing else is of interest.</summary>
    private sealed class Joining : IHubReceiver
    {
        public bool OnRecord(HubSocket socket, ReadOnlySpan<byte> record) => record.Length == 2;
    }
}

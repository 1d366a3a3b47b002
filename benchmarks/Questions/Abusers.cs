using System.Text;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Systems;
using Realtime.Contracts;

namespace Realtime.Benchmarks.Questions;

/// <summary>Those who ask for ten times as much as each limit grants.</summary>
internal static class Abusers
{
    /// <summary>One way of abuse: does it for some seconds and notes the answers.</summary>
    public delegate Task Abuser(SystemUnderTest system, int granted, TimeSpan duration, Answers answers);

    /// <summary>A limit: what it grants by default (a second, or at all), the setting for another value, and who asks for more.</summary>
    public sealed record Abused(int Granted, string? Setting, Abuser Abuser);

    private const int Sockets = 64;
    private const string User = "abuser";
    private const string UpgradeHeaders =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    public static IReadOnlyDictionary<string, Abused> ByLimit { get; } = new Dictionary<string, Abused>(StringComparer.Ordinal)
    {
        // By default a user may send 100 requests a second, connects among them: 90 a second until 1,000 are open.
        ["connections-of-user"] = new(100, null, (system, _, duration, answers) => ConnectAsync(system, 90, duration, users: 1, isHeld: true, answers)),
        ["connects-of-node"] = new(500, "Realtime:RateLimits:ConnectsPerSecond", (system, granted, duration, answers) => ConnectAsync(system, 10 * granted, duration, users: 2 * Sockets, isHeld: false, answers)),
        ["requests-of-user"] = new(100, "Realtime:RateLimits:RequestsPerSecondPerUser", (system, granted, duration, answers) => RequestAsync(system, 10 * granted, duration, answers)),
        ["events-of-publisher"] = new(1_000, "Realtime:RateLimits:EventsPerSecondPerPublisher", (system, granted, duration, answers) => PublishAsync(system, 10 * granted, dataBytes: 200, duration, answers)),
        ["body"] = new(1024 * 1024, null, (system, granted, duration, answers) => PublishAsync(system, 10, dataBytes: 10 * granted, duration, answers)),
        ["data"] = new(64 * 1024, null, (system, granted, duration, answers) => PublishAsync(system, 50, dataBytes: 10 * granted, duration, answers)),
        ["calls-of-connection"] = new(20, "Realtime:RateLimits:HubCallsPerSecondPerConnection", (system, granted, duration, answers) => CallAsync(system, 10 * granted, caller => caller.Call(), duration, answers)),
        ["hub-message"] = new(32 * 1024, "Realtime:MaxHubMessageBytes", (system, granted, duration, answers) => CallAsync(system, 20, caller => _ = caller.SendLargeAsync(10 * granted), duration, answers)),
        ["slow-reader"] = new(10, null, (system, _, duration, answers) => NotReadAsync(system, duration, answers)),
    };

    /// <summary>Opens WebSockets by bare requests. A refusal leaves the socket as it is; one that was let in is kept, or left at once.</summary>
    private static async Task ConnectAsync(SystemUnderTest system, int perSecond, TimeSpan duration, int users, bool isHeld, Answers answers)
    {
        var held = new System.Collections.Concurrent.ConcurrentBag<HttpSocket>();
        using var lanes = await Lanes.OpenAsync(Math.Max(users, Sockets), i => OpenAsync(system, $"{User}_{i % users}", i, UpgradeHeaders));
        await lanes.RunAsync(perSecond, duration, async (i, socket) =>
        {
            int status = await socket.GetAsync(Routes.HubFor($"{User}_{i % users}"));
            answers.Add(status);
            if (status != 101) return socket;
            if (isHeld) held.Add(socket);
            else socket.Dispose();
            return await OpenAsync(system, $"{User}_{i % users}", i, UpgradeHeaders);
        });
        foreach (var socket in held) socket.Dispose();
    }

    private static async Task RequestAsync(SystemUnderTest system, int perSecond, TimeSpan duration, Answers answers)
    {
        using var lanes = await Lanes.OpenAsync(Sockets, i => OpenAsync(system, User, i));
        await lanes.RunAsync(perSecond, duration, async (_, socket) =>
        {
            answers.Add(await socket.GetAsync(Routes.Events));
            return socket;
        });
    }

    private static async Task PublishAsync(SystemUnderTest system, int perSecond, int dataBytes, TimeSpan duration, Answers answers)
    {
        string token = system.Stage.Authority.Signer.Sign("abusive-publisher", Scopes.Publish);
        byte[] body = Encoding.ASCII.GetBytes(
            $$$"""{"userId":"{{{User}}}","type":"briefing.delivered","data":{"briefingId":"b","title":"{{{new string('x', dataBytes)}}}","channel":"email","itemCount":1}}""");
        byte[] path = Encoding.ASCII.GetBytes(Routes.Events);
        using var lanes = await Lanes.OpenAsync(Sockets, i => HttpSocket.ConnectAsync(system.EndPoints[0], token, i));
        await lanes.RunAsync(perSecond, duration, async (i, socket) =>
        {
            try
            {
                answers.Add(await socket.PostAsync(path, body));
                return socket;
            }
            catch (Exception closed) when (closed is IOException or System.Net.Sockets.SocketException)
            {
                answers.Add("closed");
                socket.Dispose();
                return await HttpSocket.ConnectAsync(system.EndPoints[0], token, i);
            }
        });
    }

    private static async Task CallAsync(SystemUnderTest system, int perSecond, Action<AbusiveCaller> call, TimeSpan duration, Answers answers)
    {
        using var caller = new AbusiveCaller(system, User, answers);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / perSecond));
        using var stop = new CancellationTokenSource(duration);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
            {
                if (await caller.IsConnectedAsync()) call(caller);
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
    }

    /// <summary>Twenty connections that take nothing, while 100 events/s of 20 KiB are published to them.</summary>
    private static async Task NotReadAsync(SystemUnderTest system, TimeSpan duration, Answers answers)
    {
        var callers = Enumerable.Range(0, 20).Select(_ => new AbusiveCaller(system, User, answers)).ToList();
        foreach (var caller in callers)
        {
            if (await caller.IsConnectedAsync()) caller.StopReading();
        }

        var published = new Answers();
        await PublishAsync(system, 100, dataBytes: 20 * 1024, duration, published);
        foreach (var caller in callers)
        {
            if (caller.IsCutOff()) answers.Add("closed as slow");
            else answers.Add("open");
            caller.Dispose();
        }
    }

    private static Task<HttpSocket> OpenAsync(SystemUnderTest system, string user, int index, string headers = "") =>
        HttpSocket.ConnectAsync(system.EndPoints[0], system.Stage.TokenOf(user), index, headers);
}

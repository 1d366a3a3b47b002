using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;
using Realtime.Contracts;
using Realtime.Harness;

namespace Realtime.Benchmarks.Questions;

/// <summary>
/// Users connected to one node are revoked on the other, one after the other: how long from the operator's request until the first
/// node refuses the token, and until it has asked the connection to close? With Redis, and after Redis was killed.
/// </summary>
internal static class RevocationRun
{
    private const int AllUsers = 50;
    private const double LimitWithRedis = 2;
    private const double LimitWithout = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(Scale scale)
    {
        await using var stage = await Stage.StartAsync();
        await using var system = await SystemUnderTest.StartAsync(stage, SystemKind.Ours, new SystemOptions { Nodes = 2 });
        using var operators = ClientOf(system.Nodes[0], stage.Authority.Signer.Sign("operator", Scopes.Admin));
        int users = scale.Of(AllUsers);

        await MeasureAsync("with Redis", "before", LimitWithRedis);
        await stage.Redis.KillAsync();
        await MeasureAsync("Redis killed", "after", LimitWithout);

        async Task MeasureAsync(string what, string name, double limit)
        {
            var refused = new List<double>();
            var closed = new List<double>();
            for (int i = 0; i < users; i++)
            {
                string user = $"{name}_{i}";
                var closing = new Closing();
                using var socket = await HubSocket.ConnectAsync(system.EndPoints[1], user, stage.TokenOf(user), closing, i);
                using var reader = ClientOf(system.Nodes[1], stage.TokenOf(user));
                if (await StatusAsync(reader) != HttpStatusCode.OK) throw new InvalidOperationException("A token that nobody has revoked is refused.");

                long start = Stopwatch.GetTimestamp();
                using var answer = await operators.PostAsJsonAsync(Routes.Revocations, new { userId = user });
                answer.EnsureSuccessStatusCode();
                while (await StatusAsync(reader) != HttpStatusCode.Unauthorized)
                {
                    if (Stopwatch.GetElapsedTime(start) > Patience) throw new TimeoutException("The revocation did not reach the other node.");
                }

                refused.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                closed.Add(Stopwatch.GetElapsedTime(start, await closing.At.WaitAsync(Patience)).TotalSeconds);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what}: {users} revocations; token refused by the other node after {Shares(refused, limit)}, connection asked to close after {Shares(closed, limit)} of the limit of {limit:0} s"));
            if (refused.Concat(closed).Max() > limit) Environment.ExitCode = 1;
        }
    }

    private static string Shares(List<double> seconds, double limit) => string.Create(CultureInfo.InvariantCulture,
        $"{seconds.Order().ElementAt(seconds.Count / 2) / limit:0.000} (median; at most {seconds.Max() / limit:0.000})");

    private static async Task<HttpStatusCode> StatusAsync(HttpClient reader)
    {
        using var answer = await reader.GetAsync(new Uri(Routes.Events + "?limit=1", UriKind.Relative));
        return answer.StatusCode;
    }

    private static HttpClient ClientOf(ServerNode node, string token) =>
        new() { BaseAddress = node.Address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };

    /// <summary>Notes when the server asks for the end of the connection.</summary>
    private sealed class Closing : IHubReceiver
    {
        private readonly TaskCompletionSource<long> _at = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<long> At => _at.Task;

        public bool OnRecord(HubSocket socket, ReadOnlySpan<byte> record)
        {
            if (record.StartsWith("{\"type\":7"u8)) _at.TrySetResult(Stopwatch.GetTimestamp());
            return record.Length == 2; // the handshake's answer
        }
    }
}

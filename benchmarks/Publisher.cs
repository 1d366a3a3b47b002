using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Realtime.Harness;

namespace Realtime.Benchmarks;

/// <summary>Publishes over HTTP as a worker would, each event by its own request.</summary>
internal sealed class Publisher : IDisposable
{
    private static readonly HttpClient SignIn = new(new SocketsHttpHandler { MaxConnectionsPerServer = 32 });
    private readonly HttpClient _http;

    private Publisher(HttpClient http) => _http = http;

    /// <summary>Signs in by the development endpoint of the node.</summary>
    public static async Task<Publisher> SignInAsync(ServerNode node)
    {
        var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 128 }) { BaseAddress = node.Address, Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(node, "worker", "events:publish"));
        return new Publisher(http);
    }

    /// <summary>A token of the node's development endpoint.</summary>
    public static async Task<string> TokenAsync(ServerNode node, string user, params string[] scopes)
    {
        using var answer = await SignIn.PostAsJsonAsync(new Uri(node.Address, "/dev/tokens"), new { userId = user, scopes });
        using var token = JsonDocument.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync());
        return token.RootElement.GetProperty("accessToken").GetString()!;
    }

    /// <returns>The status, and the time from request to acknowledgement.</returns>
    public async Task<(int Status, TimeSpan Took)> PublishAsync(string user)
    {
        string body = Event(user);
        long start = Stopwatch.GetTimestamp();
        using var response = await _http.PostAsync("/api/v1/agents/events", new StringContent(body, Encoding.UTF8, "application/json"));
        return ((int)response.StatusCode, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>One array, one event per user named.</summary>
    public async Task PublishBatchAsync(IEnumerable<string> users)
    {
        using var response = await _http.PostAsync(
            "/api/v1/agents/events", new StringContent($"[{string.Join(',', users.Select(Event))}]", Encoding.UTF8, "application/json"));
        response.EnsureSuccessStatusCode();
    }

    public void Dispose() => _http.Dispose();

    private static string Event(string user) =>
        "{\"userId\":\"" + user + "\",\"type\":\"agent.step_completed\",\"data\":{\"agentId\":\"a\",\"agentName\":\"Agent\",\"runId\":\"r\","
            + "\"stepIndex\":1,\"stepName\":\"Search\",\"status\":\"succeeded\",\"startedAt\":\"2026-11-23T03:27:00Z\",\"durationMs\":12.5,"
            + "\"summary\":\"" + new string('s', 200) + "\"}}";
}

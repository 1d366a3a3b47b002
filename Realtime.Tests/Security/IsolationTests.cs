using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Security;

/// <summary>
/// A thousand users on two nodes with one database and one Redis: everything that is about a user carries the user's mark, and every
/// byte that anybody receives, pushed or asked for, is searched for the marks of others.
/// </summary>
[Category("Integration")]
public sealed partial class IsolationTests
{
    const int Users = 1_000;
    const int Arrays = 50;
    const int EventsPerArray = 50;
    const int AtOnce = 16;
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    readonly ConcurrentDictionary<int, int> _published = new();
    readonly ConcurrentBag<string> _leaks = [];
    RealtimeHost[] _nodes = null!;
    TestTokens _tokens = null!;

    [SetUp]
    public async Task Start()
    {
        _tokens = TestTokens.Hmac();
        var settings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:Postgres"] = await Shared.CreateDatabaseAsync(),
            ["ConnectionStrings:Redis"] = (await Shared.RedisAsync()).ConnectionString,
        };
        _nodes = [await RealtimeHost.StartAsync(settings, _tokens), await RealtimeHost.StartAsync(settings, _tokens)];
    }

    [TearDown]
    public async Task Stop()
    {
        foreach (var node in _nodes ?? []) await node.DisposeAsync();
        _tokens?.Dispose();
    }

    [TestCase(1)]
    public async Task No_user_ever_receives_a_byte_of_another(int seed)
    {
        var random = new Random(seed);
        int[] online = [.. Enumerable.Range(0, Users).Where(_ => random.Next(10) < 6)];
        int[] leaving = [.. online.Where(_ => random.Next(10) == 0)];
        var homes = online.ToDictionary(user => user, _ => random.Next(2));
        var taps = new ConcurrentDictionary<int, WireTap>();
        try
        {
            await ForEachAsync(online, async user => taps[user] = await WireTap.ConnectAsync(_nodes[homes[user]].Address, Name(user), _tokens.Create(Name(user))));
            await ForEachAsync(Enumerable.Range(0, Arrays).Select(n => (Node: random.Next(2), Users: Enumerable.Range(0, EventsPerArray).Select(_ => random.Next(Users)).ToArray(), Leaves: n < leaving.Length ? leaving[n] : -1)), async step =>
            {
                await PublishAsync(step.Node, step.Users);
                if (step.Leaves >= 0) taps[step.Leaves].Dispose();
            });
            var asked = Enumerable.Range(0, Users).Where(_ => random.Next(5) == 0).Select(user => (User: user, Node: random.Next(2))).ToList();
            await ForEachAsync(asked, AskAsync);

            int[] staying = [.. online.Except(leaving.Take(Arrays)).Except(asked.Select(a => a.User))];
            staying.Should().HaveCountGreaterThan(Users / 4);
            await ForEachAsync(staying, user => Eventually.Async(
                $"user {user} has received all events", () => Events(taps[user].Text).Distinct().Count() == _published.GetValueOrDefault(user), Patience));
            foreach (var (user, tap) in taps) Search(user, tap.Text, "a push");
        }
        finally
        {
            foreach (var tap in taps.Values) tap.Dispose();
        }

        _leaks.Should().BeEmpty();
        taps.Values.Sum(tap => Mark().Count(tap.Text)).Should().BeGreaterThan(Arrays * EventsPerArray / 3, "there was something to find");
    }

    static string Name(int user) => string.Create(CultureInfo.InvariantCulture, $"user_{user}");

    /// <summary>So that no mark is the beginning of another.</summary>
    static string MarkOf(int user) => string.Create(CultureInfo.InvariantCulture, $"mark.{user:x8}.");

    static Task ForEachAsync<T>(IEnumerable<T> all, Func<T, Task> run) =>
        Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (one, _) => await run(one)).WithinDeadline(Patience);

    static IEnumerable<string> Events(string text) => Title().Matches(text).Select(match => match.Value);

    async Task PublishAsync(int node, int[] users)
    {
        using var http = _nodes[node].ClientFor("worker", Scopes.Publish);
        var events = new JsonArray([.. users.Select(user => (JsonNode)new JsonObject
        {
            ["userId"] = Name(user),
            ["type"] = "briefing.delivered",
            ["data"] = new JsonObject { ["briefingId"] = MarkOf(user), ["title"] = $"title-{Guid.NewGuid():N}", ["channel"] = "email", ["itemCount"] = 1 },
        })]);
        (await http.PostAsync(Routes.Events, Samples.Json(events)).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);
        foreach (int user in users) _published.AddOrUpdate(user, 1, (_, n) => n + 1);
    }

    /// <summary>Leaves marks in brake and cursors too, and reads everything there is.</summary>
    async Task AskAsync((int User, int Node) asked)
    {
        string own = MarkOf(asked.User);
        using var http = _nodes[asked.Node].ClientFor(Name(asked.User));
        string page = await ReadAsync(Routes.Events);
        Events(page).Count().Should().Be(_published.GetValueOrDefault(asked.User));
        using var json = System.Text.Json.JsonDocument.Parse(page);
        await SendAsync(Routes.Brake, new JsonObject { ["engaged"] = true, ["reason"] = own });
        await SendAsync($"{Routes.Cursors}/{own}", new JsonObject { ["position"] = json.RootElement.GetProperty("head").GetString() });
        foreach (string path in new[] { Routes.Events, Routes.Activity + "?limit=1000", Routes.Brake, Routes.Cursors }) await ReadAsync(path);

        async Task<string> ReadAsync(string path)
        {
            string text = await http.GetStringAsync(path).WithinDeadline();
            Search(asked.User, text, path);
            return text;
        }

        async Task SendAsync(string path, JsonNode body)
        {
            using var answer = await http.PutAsync(path, Samples.Json(body)).WithinDeadline();
            answer.StatusCode.Should().Be(HttpStatusCode.OK);
            Search(asked.User, await answer.Content.ReadAsStringAsync(), path);
        }
    }

    void Search(int user, string text, string where)
    {
        foreach (Match match in Mark().Matches(text))
        {
            if (match.Value != MarkOf(user)) _leaks.Add($"{Name(user)} received {match.Value} by {where}");
        }
    }

    [GeneratedRegex("mark\\.[0-9a-f]{8}\\.", RegexOptions.NonBacktracking)]
    private static partial Regex Mark();

    [GeneratedRegex("title-[0-9a-f]{32}", RegexOptions.NonBacktracking)]
    private static partial Regex Title();
}

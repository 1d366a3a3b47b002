using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Docs;

/// <summary>docs/protocol.md is true to the byte: what it says is sent is sent, and what it says is answered is answered.</summary>
public sealed partial class ProtocolPageTests
{
    const string Document = "docs/protocol.md";
    const string User = "user_42";
    const char Separator = '\u001e';
    const string Epoch = "k3f9";

    [Test]
    [Category("Integration")]
    public async Task The_transcripts_are_what_a_real_server_says_byte_by_byte()
    {
        await using var host = await RealtimeHost.StartAsync();
        using var publisher = host.ClientFor("worker", Scopes.Publish);
        using var reader = host.ClientFor(User);
        using var earlier = await publisher.PostAsync(Routes.Events, Samples.Json(new JsonArray([.. Enumerable.Range(0, 41).Select(i => Samples.Step(User, i))]))).WithinDeadline();
        string epoch = StreamPosition.Parse((await earlier.JsonAsync())[0].GetProperty("position").GetString()!).Epoch;
        using var socket = new Socket();
        int scene = 0;

        foreach (var block in Markdown.CodeBlocks(Document).Where(b => b.Language == "wire"))
        {
            switch (block.Info)
            {
                case "handshake":
                    string path = Lines(block, '>')[0].Split(' ')[1];
                    await socket.ConnectAsync(new Uri(host.Address, path), host.Tokens.Create(User));
                    Lines(block, '<')[0].Should().Be("HTTP/1.1 101 Switching Protocols"); // ConnectAsync takes no other answer
                    break;
                case "http":
                    await CompareAsync(block, reader, epoch);
                    break;
                default:
                    if (scene++ == 1) await PublishAsync(publisher);
                    await PlayAsync(block, socket, epoch);
                    break;
            }
        }

        scene.Should().Be(2);
    }

    [Test]
    public void The_golden_vector_is_one_of_those_that_both_clients_run()
    {
        var vectors = JsonNode.Parse(File.ReadAllText(Path.Combine(RepositoryPaths.Root, "Realtime.Tests", "Golden", "gate-and-merge.json")))!["merge"]!.AsArray();

        foreach (var block in Markdown.CodeBlocks(Document).Where(b => b.Info == "golden"))
            vectors.Should().Contain(v => IsSame(v, block.Code));
    }

    static bool IsSame(JsonNode? vector, string shown) => JsonNode.DeepEquals(vector, JsonNode.Parse(shown));

    /// <summary>Publishes the event that the page shows, under its id and with its data.</summary>
    static async Task PublishAsync(HttpClient publisher)
    {
        string shown = Markdown.CodeBlocks(Document).Single(b => b.Info == "event").Code.Trim();
        var parts = Envelope().Match(shown);
        string body = $$"""{"userId":"{{User}}","type":"{{parts.Groups["type"].Value}}","id":"{{parts.Groups["id"].Value}}","data":{{parts.Groups["data"].Value}}}""";
        using var answer = await publisher.PostAsync(Routes.Events, Samples.Json(body)).WithinDeadline();
        answer.IsSuccessStatusCode.Should().BeTrue();
    }

    static async Task PlayAsync(Markdown.CodeBlock block, Socket socket, string epoch)
    {
        foreach (string line in block.Code.Split('\n').Where(l => l.Length > 2))
        {
            string record = line[2..].Replace("␞", string.Empty, StringComparison.Ordinal);
            line.Should().EndWith("␞");
            if (line[0] == '>') await socket.SendAsync(record.Replace(Epoch + ".", epoch + ".", StringComparison.Ordinal));
            else await socket.ExpectAsync(record, said => Normalise(said, epoch));
        }
    }

    static async Task CompareAsync(Markdown.CodeBlock block, HttpClient reader, string epoch)
    {
        var asked = Lines(block, '>');
        var expected = Lines(block, '<');
        using var answer = await reader.GetAsync(asked[0].Split(' ')[1].Replace(Epoch + ".", epoch + ".", StringComparison.Ordinal)).WithinDeadline();

        string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {(int)answer.StatusCode} {answer.ReasonPhrase}").Should().Be(expected[0]);
        $"Content-Type: {answer.Content.Headers.ContentType}".Should().Be(expected[1]);
        Normalise(await answer.Content.ReadAsStringAsync(), epoch).Should().Be(expected[^1]);
    }

    static List<string> Lines(Markdown.CodeBlock block, char side) => [.. block.Code.Split('\n').Where(l => l.StartsWith(side)).Select(l => l[1..].TrimStart())];

    /// <summary>Every store has an epoch and a clock of its own; nothing else may differ.</summary>
    static string Normalise(string said, string epoch) =>
        Time().Replace(said, "\"time\":\"2026-11-23T03:27:00.123456Z\"").Replace($"\"{epoch}.", $"\"{Epoch}.", StringComparison.Ordinal);

    [GeneratedRegex("\"time\":\"[^\"]*\"", RegexOptions.NonBacktracking)]
    private static partial Regex Time();

    [GeneratedRegex("^\\{\"type\":\"(?<type>[^\"]*)\",\"id\":\"(?<id>[^\"]*)\",\"position\":\"k3f9.42\",\"time\":\"[^\"]*\",\"data\":(?<data>.*)\\}$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Envelope();

    /// <summary>A bare WebSocket: records in, records out, pings left aside.</summary>
    sealed class Socket : IDisposable
    {
        readonly ClientWebSocket _socket = new();
        readonly List<string> _heard = [];
        string _rest = string.Empty;

        internal Task ConnectAsync(Uri address, string token)
        {
            _socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
            return _socket.ConnectAsync(new UriBuilder(address) { Scheme = "ws" }.Uri, CancellationToken.None).WithinDeadline();
        }

        internal Task SendAsync(string record) =>
            _socket.SendAsync(Encoding.UTF8.GetBytes(record + Separator), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).WithinDeadline();

        /// <summary>Waits for this record; others that come before it may be waited for later.</summary>
        internal async Task ExpectAsync(string record, Func<string, string> normalise)
        {
            while (true)
            {
                int at = _heard.FindIndex(said => normalise(said) == record);
                if (at >= 0)
                {
                    _heard.RemoveAt(at);
                    return;
                }

                await HearAsync(record, normalise);
            }
        }

        async Task HearAsync(string record, Func<string, string> normalise)
        {
            byte[] buffer = new byte[64 * 1024];
            var received = await _socket.ReceiveAsync(buffer, CancellationToken.None)
                .WithinDeadline(what: $"{record}; heard so far: {string.Join(" | ", _heard.Select(normalise))}");
            string[] records = (_rest + Encoding.UTF8.GetString(buffer, 0, received.Count)).Split(Separator);
            _rest = records[^1];
            _heard.AddRange(records[..^1].Where(said => said != "{\"type\":6}"));
        }

        public void Dispose() => _socket.Dispose();
    }
}

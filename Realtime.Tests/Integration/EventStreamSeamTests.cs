using System.Net;
using Realtime.Contracts;
using Realtime.Server;
using Realtime.Tests.Draining;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>
/// Readers that are cut off at random and resume by the last id they have seen, on either of two nodes, while others publish: every
/// position once, in order, over all cuts.
/// </summary>
[Category("Integration")]
public sealed class EventStreamSeamTests : OwnRedisTests
{
    const int Readers = 4;

    [TestCase(BackplaneKind.Shard, 1)]
    [TestCase(BackplaneKind.Shard, 2)]
    [TestCase(BackplaneKind.Stock, 3)]
    public async Task Over_many_random_cuts_each_position_arrives_once_and_in_order(BackplaneKind backplane, int seed)
    {
        _settings["Realtime:Backplane"] = backplane.ToString();
        _settings["Realtime:HeadCheckInterval"] = "00:00:00.3";
        _settings["Realtime:PublishTimeout"] = "00:01:00";
        _settings["Realtime:RateLimits:RequestsPerSecondPerUser"] = "0";
        _settings["Realtime:RateLimits:EventsPerSecondPerPublisher"] = "0";
        await using var a = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var b = await RealtimeHost.StartAsync(_settings, _tokens);
        await using var flow = new PublishFlow([a.Address, b.Address], users: 1, _tokens);
        await flow.HasPublishedAsync(1);
        using var done = new CancellationTokenSource();

        var readers = Enumerable.Range(0, Readers).Select(i => ReadAsync([a.Address, b.Address], seed * 100 + i, done.Token)).ToList();
        foreach (var reader in readers) await (await Task.WhenAny(reader.HasBeenCut.Task, reader.Run).WithinDeadline(Patience)).WithinDeadline();
        long head = (await flow.StopAsync())["user_0"];
        foreach (var reader in readers)
        {
            await Eventually.Async("the reader has seen the head", () => reader.Last >= head || reader.Run.IsCompleted, Patience);
        }

        await done.CancelAsync();
        foreach (var reader in readers)
        {
            await reader.Run.WithinDeadline();
            reader.Seen.Should().Equal(Enumerable.Range(1, (int)head).Select(i => (long)i), "nothing is lost, repeated or out of order over {0} cuts", reader.Cuts);
        }
    }

    Reader ReadAsync(IReadOnlyList<Uri> nodes, int seed, CancellationToken done)
    {
        var reader = new Reader();
        reader.Run = Task.Run(() => reader.RunAsync(nodes, _tokens.Create("user_0"), new Random(seed), done), CancellationToken.None);
        return reader;
    }

    /// <summary>One that leaves after a few events, sometimes after none, and comes back somewhere.</summary>
    sealed class Reader
    {
        const int EnoughCuts = 15;
        readonly List<long> _seen = [];
        long _last;

        internal Task Run { get; set; } = Task.CompletedTask;

        internal TaskCompletionSource HasBeenCut { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal int Cuts { get; private set; }

        internal long Last => Volatile.Read(ref _last);

        internal IReadOnlyList<long> Seen => _seen;

        internal async Task RunAsync(IReadOnlyList<Uri> nodes, string token, Random random, CancellationToken done)
        {
            string? lastId = null;
            while (!done.IsCancellationRequested)
            {
                int leaveAfter = Cuts < EnoughCuts ? random.Next(0, 12) : int.MaxValue;
                bool byHeader = random.Next(2) == 0;
                string query = lastId is null ? $"?after={await EpochAsync(nodes[0], token)}.0" : byHeader ? string.Empty : $"?after={lastId}";
                await using var tap = await StreamTap.OpenAsync(nodes[random.Next(nodes.Count)], token, query, byHeader ? lastId : null);
                await Eventually.Async("the reader has enough", () => tap.Events.Count() >= leaveAfter || tap.HasEnded || done.IsCancellationRequested || IsNew(tap), TimeSpan.FromSeconds(90));

                // What has arrived when it leaves counts, and nothing after it.
                var blocks = tap.Blocks;
                foreach (var block in blocks.Where(e => e.IsEvent)) _seen.Add(StreamPosition.Parse(block.Id!).Sequence);
                lastId = blocks.LastOrDefault(e => e.Id is not null)?.Id ?? lastId;
                if (_seen.Count > 0) Volatile.Write(ref _last, _seen[^1]);
                if (++Cuts == EnoughCuts) HasBeenCut.TrySetResult();
            }
        }

        /// <summary>To the end it stays; then it has to say what it has seen now and then.</summary>
        bool IsNew(StreamTap tap) => Cuts >= EnoughCuts && tap.Events.Any();

        static async Task<string> EpochAsync(Uri node, string token)
        {
            using var http = new HttpClient { BaseAddress = node, DefaultRequestHeaders = { Authorization = new("Bearer", token) } };
            using var answer = await http.GetAsync(Routes.Events + "?limit=1").WithinDeadline();
            answer.StatusCode.Should().Be(HttpStatusCode.OK);
            return (await answer.JsonAsync()).GetProperty("head").GetString()!.Split('.')[0];
        }
    }
}

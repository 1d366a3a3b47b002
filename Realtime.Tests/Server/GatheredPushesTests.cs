using System.Globalization;
using Microsoft.AspNetCore.SignalR;
using Realtime.Contracts;
using Realtime.Server.FanOut;

namespace Realtime.Tests.Server;

/// <summary>What goes to the other nodes in one message, and when.</summary>
public sealed class GatheredPushesTests
{
    readonly List<string> _sent = [];
    readonly GatheredPushes _pushes;

    public GatheredPushesTests() => _pushes = new GatheredPushes(pushes =>
    {
        lock (_sent) _sent.Add(string.Join(' ', pushes.Select(p => p.Mark!.Value.Position.Sequence)));
    });

    [SetUp]
    public void Forget() => _sent.Clear();

    [Test]
    public void Nobody_holds_and_each_is_sent_at_once()
    {
        _pushes.Add(0, Push(1));
        _pushes.Add(0, Push(2));

        _sent.Should().Equal("1", "2");
    }

    [Test]
    public void What_is_gathered_is_sent_at_the_release_per_shard_and_in_order()
    {
        using (_pushes.Hold())
        {
            for (int i = 1; i <= 6; i++) _pushes.Add(i % 2, Push(i));
            _sent.Should().BeEmpty();
        }

        _sent.Should().Equal("2 4 6", "1 3 5");
    }

    [Test]
    public void Much_is_sent_before_the_release()
    {
        using (_pushes.Hold())
        {
            _pushes.Add(0, Push(1, GatheredPushes.Enough / 2));
            _sent.Should().BeEmpty();
            _pushes.Add(0, Push(2, GatheredPushes.Enough / 2));
            _sent.Should().Equal("1 2");
        }

        _sent.Should().HaveCount(1, "nothing is left");
    }

    [Test]
    public void Any_release_sends_all_for_there_may_always_be_another_holder()
    {
        var first = _pushes.Hold();
        using var second = _pushes.Hold();
        _pushes.Add(0, Push(1));

        first.Dispose();
        first.Dispose();
        _sent.Should().Equal("1");
        _pushes.Add(0, Push(2));
        _sent.Should().HaveCount(1, "the second one still holds, although the first was released twice");
        second.Dispose();
        _pushes.Add(0, Push(3));

        _sent.Should().Equal("1", "2", "3");
    }

    [Test]
    public async Task Of_many_at_once_none_is_lost_nor_sent_twice_and_each_callers_stay_in_order()
    {
        const int Callers = 8, Each = 2_000;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                using var held = i % 3 == 0 ? _pushes.Hold() : null;
                _pushes.Add(caller, Push((caller * Each) + i));
            }
        })));

        var sent = _sent.SelectMany(s => s.Split(' ')).Select(n => long.Parse(n, CultureInfo.InvariantCulture)).ToList();
        sent.Should().HaveCount(Callers * Each).And.OnlyHaveUniqueItems();
        for (int caller = 0; caller < Callers; caller++) sent.Where(n => n / Each == caller).Should().BeInAscendingOrder();
    }

    static ShardPush Push(long sequence, int bytes = 2) =>
        new("group", new EventMark(new StreamPosition("k3f9", sequence), DateTimeOffset.UnixEpoch), [new SerializedMessage("json", new byte[bytes])]);
}

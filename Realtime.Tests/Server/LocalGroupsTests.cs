using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging.Abstractions;
using Realtime.Contracts;
using Realtime.Server.FanOut;
using Realtime.Tests.Support;

namespace Realtime.Tests.Server;

/// <summary>Who is in which group of this node.</summary>
public sealed class LocalGroupsTests
{
    static readonly SerializedHubMessage Nothing = new([new SerializedMessage("json", "{}"u8.ToArray())]);

    LocalGroups _groups = null!;

    [SetUp]
    public void Create() => _groups = new LocalGroups();

    [Test]
    public void A_connection_that_ended_while_it_was_joining_stays_in_no_group()
    {
        var connection = Connection();
        _groups.Add(connection, "a");
        _groups.End(connection);

        _groups.Add(connection, "b");

        _groups.Names.Should().BeEmpty();
    }

    [Test]
    public void A_push_of_another_node_is_dropped_when_its_event_was_pushed_here_and_not_when_it_only_has_its_number()
    {
        var group = new LocalGroup("a");
        group.Announce(Nothing, Mark(4).Position);

        group.TrySend(Nothing, Mark(4)).Should().BeTrue("its head was told, the event itself was not pushed yet");
        group.TrySend(Nothing, Mark(5)).Should().BeTrue();
        group.TrySend(Nothing, Mark(7)).Should().BeTrue();
        group.TrySend(Nothing, Mark(6)).Should().BeTrue("it is only late");
        foreach (int known in new[] { 4, 5, 6, 7 }) group.TrySend(Nothing, Mark(known)).Should().BeFalse();
        group.TrySend(Nothing, Mark(5, second: 60)).Should().BeTrue("it was written anew after the others: clients must notice");
        group.TrySend(Nothing, new EventMark(new StreamPosition("other", 1), DateTimeOffset.UnixEpoch)).Should().BeTrue("another history");
        group.TrySend(Nothing, mark: null).Should().BeTrue("heads have no number");

        static EventMark Mark(int sequence, int? second = null) => new(new StreamPosition("e", sequence), DateTimeOffset.UnixEpoch.AddSeconds(second ?? sequence));
    }

    [Test]
    public async Task Connections_that_join_and_end_side_by_side_leave_no_group_behind()
    {
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 2_000; i++)
            {
                var connection = Connection();
                _groups.Add(connection, "shared");
                if (_groups.Find("shared") is not { IsClosed: false } group || !group.Members.Contains(connection)) throw new AssertionException("It joined a closed group.");
                _groups.End(connection);
            }
        }));

        await Task.WhenAll(workers).WithinDeadline(TimeSpan.FromSeconds(30));

        _groups.Names.Should().BeEmpty();
    }

    static LocalConnection Connection() =>
        new(new HubConnectionContext(new DefaultConnectionContext(), new HubConnectionContextOptions(), NullLoggerFactory.Instance), _ => Task.CompletedTask, TimeProvider.System);
}

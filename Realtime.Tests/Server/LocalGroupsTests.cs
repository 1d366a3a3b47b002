using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging.Abstractions;
using Realtime.Server.FanOut;
using Realtime.Tests.Support;

namespace Realtime.Tests.Server;

/// <summary>Who is in which group of this node.</summary>
public sealed class LocalGroupsTests
{
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

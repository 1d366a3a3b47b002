using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.Api;
using Realtime.Server.EventStore;
using Realtime.Tests.Support;

namespace Realtime.Tests.Server;

public sealed class EventPageResultTests
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(3)]
    [TestCase(120)]
    public async Task A_page_is_written_byte_for_byte_as_the_serializer_writes_it(int count)
    {
        var head = new StreamPosition("k3f9", 1_000);
        var events = Enumerable.Range(1, count).Select(i => new AgentEventEnvelope
        {
            Type = "agent.step_completed",
            Id = Guid.CreateVersion7(),
            Position = head.At(i * 7L),
            Time = new DateTimeOffset(2026, 11, 23, 3, 27, 0, TimeSpan.Zero).AddTicks(i * 10L),
            Data = EventData.Parse($"{{ \"n\" : {i}, \"text\": \"grün \\u00e9 {new string('x', i * 50)}\" }}"),
        }).ToList();
        var page = new StreamPage(events, count == 0 ? head : events[^1].Position, head, head.At(1), IsTruncated: count == 3);
        var context = new DefaultHttpContext();
        using var body = new MemoryStream();
        context.Response.Body = body;

        await new EventPageResult(page).ExecuteAsync(context).WithinDeadline();

        byte[] expected = JsonSerializer.SerializeToUtf8Bytes(
            new EventPage { Events = events, Next = page.Next, Head = page.Head, Oldest = page.Oldest, HasMore = page.HasMore, Truncated = page.IsTruncated },
            RealtimeJsonContext.Default.EventPage);
        body.ToArray().Should().Equal(expected);
        context.Response.ContentLength.Should().Be(expected.Length);
    }
}

using Microsoft.Extensions.Time.Testing;
using Realtime.Client;
using Realtime.Client.Connection;

namespace Realtime.Tests.Client;

/// <summary>When server-sent events take over from WebSockets, and when WebSockets are tried again.</summary>
public sealed class TransportChoiceTests
{
    readonly FakeTimeProvider _time = new();

    [Test]
    public void Three_failures_in_a_row_while_the_server_answers_are_a_blockade()
    {
        var choice = Choose();
        Fail(choice, 2);
        choice.Next.Should().Be(ClientTransport.WebSockets);
        Fail(choice, 1);
        choice.Next.Should().Be(ClientTransport.ServerSentEvents);
    }

    [Test]
    public void A_server_that_is_away_altogether_is_none_and_neither_are_failures_around_a_connection_that_lasted()
    {
        var choice = Choose();
        for (int i = 0; i < 10; i++) choice.Failed(ClientTransport.WebSockets, isServerAnswering: false);
        Fail(choice, 2);
        choice.Lasted(ClientTransport.WebSockets);
        Fail(choice, 2);

        choice.Next.Should().Be(ClientTransport.WebSockets);
    }

    [Test]
    public void WebSockets_are_tried_again_after_some_minutes_once()
    {
        var choice = Choose();
        Fail(choice, 3);
        choice.TrialIn.Should().Be(TimeSpan.FromMinutes(5));
        _time.Advance(TimeSpan.FromMinutes(4));
        choice.Lasted(ClientTransport.ServerSentEvents);
        choice.Next.Should().Be(ClientTransport.ServerSentEvents, "it is not time yet");

        _time.Advance(TimeSpan.FromMinutes(1));
        choice.Lasted(ClientTransport.ServerSentEvents);
        choice.Next.Should().Be(ClientTransport.WebSockets);
        Fail(choice, 1);
        choice.Next.Should().Be(ClientTransport.ServerSentEvents, "one failure is enough now");
        choice.TrialIn.Should().Be(TimeSpan.FromMinutes(5));
    }

    [Test]
    public void Where_both_fail_they_take_turns_and_one_that_lasts_ends_it()
    {
        var choice = Choose();
        Fail(choice, 3);
        choice.Failed(ClientTransport.ServerSentEvents, isServerAnswering: true);
        choice.Next.Should().Be(ClientTransport.WebSockets);
        Fail(choice, 1);
        choice.Next.Should().Be(ClientTransport.ServerSentEvents);
        choice.Failed(ClientTransport.ServerSentEvents, isServerAnswering: false);
        choice.Lasted(ClientTransport.WebSockets);
        Fail(choice, 1);

        choice.Next.Should().Be(ClientTransport.WebSockets, "they are not blocked any more");
    }

    [TestCase(ClientTransport.WebSockets)]
    [TestCase(ClientTransport.ServerSentEvents)]
    public void What_is_wanted_stays(ClientTransport wanted)
    {
        var choice = new TransportChoice(wanted, _time, () => 0.5);
        Fail(choice, 5);
        choice.Failed(ClientTransport.ServerSentEvents, isServerAnswering: true);

        choice.Next.Should().Be(wanted);
        choice.TrialIn.Should().BeNull();
    }

    TransportChoice Choose() => new(ClientTransport.Automatic, _time, () => 0.5);

    static void Fail(TransportChoice choice, int times)
    {
        for (int i = 0; i < times; i++) choice.Failed(ClientTransport.WebSockets, isServerAnswering: true);
    }
}

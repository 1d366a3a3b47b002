using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Realtime.Client;

namespace Realtime.Tests.Client;

/// <summary>A client's options read from configuration.</summary>
public sealed class SettingsTests
{
    [Test]
    public void Every_setting_reaches_its_option()
    {
        var options = Read(
            ("ServerUrl", "https://realtime.example.com"), ("UserId", "user_42"), ("CursorFile", "cursor.json"), ("StartFrom", "cursorElseBeginning"),
            ("HandlerFailure:MaxAttempts", "3"), ("HandlerFailure:Then", "park"), ("LiveBufferCapacity", "10"), ("PageSize", "20"),
            ("CursorSaveInterval", "00:00:01"), ("RequestTimeout", "00:00:02"), ("ConnectTimeout", "00:00:03"), ("IdleCheckInterval", "00:01:00"), ("Transport", "serverSentEvents"));

        options.ServerUrl.Should().Be(new Uri("https://realtime.example.com"));
        options.UserId.Should().Be("user_42");
        options.CursorStore.Should().BeOfType<FileCursorStore>();
        options.StartFrom.ToString().Should().Be("Cursor, else Beginning");
        options.HandlerFailure.Should().Be(new HandlerFailurePolicy { MaxAttempts = 3, Then = HandlerFailureAction.Park });
        options.Transport.Should().Be(ClientTransport.ServerSentEvents);
        (options.LiveBufferCapacity, options.PageSize).Should().Be((10, 20));
        (options.CursorSaveInterval, options.RequestTimeout).Should().Be((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)));
        (options.ConnectTimeout, options.IdleCheckInterval).Should().Be((TimeSpan.FromSeconds(3), TimeSpan.FromMinutes(1)));
    }

    [Test]
    public void What_is_not_set_stays_as_code_has_set_it()
    {
        var options = Read(("ServerUrl", "https://realtime.example.com"), ("ServerCursor", "laptop"));

        options.UserId.Should().Be("from_code");
        options.CursorStore.Should().BeOfType<ServerCursorStore>().Which.Consumer.Should().Be("laptop");
        options.PageSize.Should().Be(500);
    }

    [TestCase("ServerUrl", "realtime.example.com", "Agents:ServerUrl is 'realtime.example.com'; it must be an absolute http or https URL.")]
    [TestCase("ServerUrl", "ftp://realtime.example.com", "Agents:ServerUrl must be an absolute http or https URL.")]
    [TestCase("UserId", "a b", "Agents:UserId must be 1 to 128 of letters*")]
    [TestCase("PageSize", "many", "Agents:PageSize is 'many'; it must be a whole number.")]
    [TestCase("PageSize", "1001", "Agents:PageSize must be 1 to 1000.")]
    [TestCase("RequestTimeout", "10", "Agents:RequestTimeout is '10'; it must be a time such as 00:00:10*")]
    [TestCase("Transport", "Pigeons", "Agents:Transport is 'Pigeons'; it must be Automatic, WebSockets or ServerSentEvents.")]
    [TestCase("StartFrom", "Yesterday", "Agents:StartFrom is 'Yesterday'; it must be Cursor, CursorElseBeginning, Beginning or Head.")]
    [TestCase("HandlerFailure:Then", "Ignore", "Agents:HandlerFailure:Then is 'Ignore'; it must be Stop or Park.")]
    [TestCase("HandlerFailure:Retries", "3", "Agents:HandlerFailure:Retries is no setting of a client.*")]
    [TestCase("ServerUri", "https://realtime.example.com", "Agents:ServerUri is no setting of a client. There are: ServerUrl, UserId*")]
    [TestCase("ServerCursor", "a b", "Agents:ServerCursor is 'a b'; it must be a name of*")]
    [TestCase("CursorFile", " ", "Agents:CursorFile is ' '; it must be the path of a file.")]
    public void What_is_wrong_is_said_by_key_value_and_rule(string key, string value, string message)
    {
        var reading = () => Read(("ServerUrl", "https://realtime.example.com"), (key, value));

        reading.Should().Throw<OptionsValidationException>().Which.Failures.Should().ContainSingle().Which.Should().Match(message);
    }

    [Test]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        var reading = () => Read(("ServerUrl", "x"), ("PageSize", "y"), ("Colour", "z"), ("CursorFile", "a"), ("ServerCursor", "b"));

        reading.Should().Throw<OptionsValidationException>().Which.Failures.Should().HaveCount(4);
    }

    static AgentEventsClientOptions Read(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.GroupBy(s => s.Key).Select(s => new KeyValuePair<string, string?>($"Agents:{s.Key}", s.Last().Value)))
            .Build();
        var services = new ServiceCollection();
        services.AddAgentEventsClient(o =>
        {
            o.UserId = "from_code";
            o.AccessTokenProvider = _ => new ValueTask<string>("token");
        }).Bind(configuration.GetSection("Agents"));
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptionsMonitor<AgentEventsClientOptions>>().Get(Options.DefaultName);
    }
}

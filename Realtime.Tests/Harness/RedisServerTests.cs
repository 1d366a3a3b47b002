using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Harness;

[Category("Integration")]
public sealed class RedisServerTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    RedisServer _server = null!;

    [OneTimeSetUp]
    public async Task Start() => _server = await Deadline.Of(RedisServer.StartAsync(), Patience);

    [OneTimeTearDown]
    public Task Stop() => _server.DisposeAsync().WithinDeadline(Patience);

    [Test]
    public async Task Kill_and_restart_keep_the_port_and_lose_the_data()
    {
        await _server.CliAsync("SET", "key", "value").WithinDeadline();
        (await _server.CliAsync("GET", "key").WithinDeadline()).Should().Be("value");
        var port = _server.Port;

        await _server.KillAsync().WithinDeadline();
        var ping = () => _server.CliAsync("PING");
        await ping.Should().ThrowAsync<HarnessException>().WithMessage("*Connection refused*");
        await _server.RestartAsync().WithinDeadline(Patience);

        _server.Port.Should().Be(port);
        (await _server.CliAsync("GET", "key").WithinDeadline()).Should().BeEmpty();
    }

    [Test]
    public async Task Paused_server_answers_late()
    {
        var pause = TimeSpan.FromMilliseconds(400);
        var elapsed = System.Diagnostics.Stopwatch.StartNew();
        await _server.PauseAsync(pause).WithinDeadline();

        await _server.CliAsync("SET", "late", "1").WithinDeadline();

        elapsed.Elapsed.Should().BeGreaterThan(pause - TimeSpan.FromMilliseconds(20));
    }

    [Test]
    public async Task Refused_command_throws_with_the_servers_words()
    {
        var command = () => _server.CliAsync("NOSUCHCOMMAND");
        await command.Should().ThrowAsync<HarnessException>().WithMessage("*unknown command*");
    }
}

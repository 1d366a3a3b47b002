using Realtime.Harness;
using Realtime.Harness.Processes;
using Realtime.Tests.Support;

namespace Realtime.Tests.Harness;

/// <summary>How a node is started, watched and ended; what it runs is a stand-in here.</summary>
[Category("Integration")]
[NonParallelizable]
public sealed class ServerNodeTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    static readonly HttpClient Http = new();

    [Test]
    public async Task Node_is_ready_when_start_returns_and_has_its_settings_and_no_foreign_ones()
    {
        Environment.SetEnvironmentVariable("Realtime__Foreign", "leaked");
        try
        {
            await using var node = await StartAsync("ready", ("Realtime:Known", "given")).WithinDeadline(Patience);

            (await GetAsync(node, "setting?key=Realtime:Known").WithinDeadline()).Should().Be("given");
            (await GetAsync(node, "setting?key=Realtime:Foreign").WithinDeadline()).Should().Be("(none)");
            (await GetAsync(node, "environment").WithinDeadline()).Should().Be("Production");
            await Eventually.Async("its log is captured", () => node.Output.Any(line => line.Contains("Now listening on", StringComparison.Ordinal)));
        }
        finally
        {
            Environment.SetEnvironmentVariable("Realtime__Foreign", null);
        }
    }

    [Test]
    public async Task Killed_node_comes_back_on_the_same_port_with_its_data()
    {
        await using var node = await StartAsync("ready").WithinDeadline(Patience);
        var (port, process) = (node.Port, node.ProcessId);
        using (var content = new StringContent("kept"))
            (await Http.PostAsync(new Uri(node.Address, "data"), content).WithinDeadline()).EnsureSuccessStatusCode();

        await node.KillAsync().WithinDeadline();
        ProcessTable.IsRunning(process).Should().BeFalse();
        node.IsRunning.Should().BeFalse();
        await node.RestartAsync().WithinDeadline(Patience);

        node.Port.Should().Be(port);
        node.ProcessId.Should().NotBe(process);
        (await GetAsync(node, "data").WithinDeadline()).Should().Be("kept");
    }

    [Test]
    public async Task Terminated_node_ends_in_good_order()
    {
        await using var node = await StartAsync("ready").WithinDeadline(Patience);

        (await node.TerminateAsync().WithinDeadline(Patience)).Should().Be(0);

        node.Output.Should().Contain(line => line.Contains("Application is shutting down", StringComparison.Ordinal));
    }

    [Test]
    public async Task Paused_node_answers_only_after_it_is_resumed()
    {
        await using var node = await StartAsync("ready").WithinDeadline(Patience);

        node.Pause();
        var answer = GetAsync(node, "environment");
        var probe = () => answer.WaitAsync(TimeSpan.FromMilliseconds(300));
        await probe.Should().ThrowAsync<TimeoutException>();
        node.Resume();

        (await answer.WithinDeadline()).Should().Be("Production");
    }

    [Test]
    public async Task Crash_at_start_is_reported_with_its_last_lines()
    {
        var start = () => StartAsync("crash");
        await start.Should().ThrowAsync<HarnessException>().WithMessage("*ended during its start with exit code*told to crash*");
    }

    [Test]
    public async Task Node_that_is_never_ready_is_reported_after_its_deadline()
    {
        var start = () => ServerNode.StartAsync(Options("never") with { StartDeadline = TimeSpan.FromSeconds(3) });
        await start.Should().ThrowAsync<HarnessException>().WithMessage("*did not answer 200 on /health/ready*");
    }

    [Test]
    public async Task Taken_port_is_reported()
    {
        await using var node = await StartAsync("ready").WithinDeadline(Patience);
        var start = () => ServerNode.StartAsync(Options("ready") with { Port = node.Port });
        await start.Should().ThrowAsync<HarnessException>().WithMessage("*port in use*");
    }

    [Test]
    public async Task Server_that_was_not_built_says_how_to_build_it()
    {
        var start = () => ServerNode.StartAsync(new() { AssemblyPath = "/nowhere/Realtime.Server.dll" });
        await start.Should().ThrowAsync<HarnessException>().WithMessage("*dotnet build -c*");
    }

    static Task<ServerNode> StartAsync(string mode, params (string Key, string Value)[] settings) => ServerNode.StartAsync(Options(mode, settings));

    static ServerNodeOptions Options(string mode, params (string Key, string Value)[] settings) => new()
    {
        AssemblyPath = RepositoryPaths.BuiltAssembly(Path.Combine("tools", "Harness"), "Realtime.Harness.dll"),
        Settings = settings.Append(("StandIn:Mode", mode)).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2),
    };

    static Task<string> GetAsync(ServerNode node, string path) => Http.GetStringAsync(new Uri(node.Address, path));
}

using System.Text.RegularExpressions;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>The samples as a user runs them, each in a process of its own.</summary>
[Category("Integration")]
public sealed partial class SamplesTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Test]
    public async Task The_worker_publishes_through_the_hub_context_and_halts_within_one_step_of_the_brake()
    {
        using var tokens = TestTokens.Hmac();
        var settings = tokens.ServerSettings();
        settings["ConnectionStrings:Postgres"] = await Shared.CreateDatabaseAsync();
        settings["ConnectionStrings:Redis"] = (await Shared.RedisAsync()).ConnectionString;
        await using var host = await RealtimeHost.StartAsync(settings, tokens);
        await using var tap = await HubTap.ConnectAsync(host.Address, "demo", tokens.Create("demo"));
        using var user = host.ClientFor("demo");

        await using var worker = await ProgramRun.StartProjectAsync(
            "samples/AgentWorker", "--runs", "1000", "--pause", "50",
            "--ConnectionStrings:Postgres", settings["ConnectionStrings:Postgres"]!, "--ConnectionStrings:Redis", settings["ConnectionStrings:Redis"]!);
        await tap.WaitForEventsAsync(5, Patience);
        await user.PutAsync(Routes.Brake, Samples.Json("""{"engaged":true,"reason":"test"}"""));
        await Eventually.Async("the worker halts", () => worker.Output.Any(l => l.Contains("halted by the emergency brake", StringComparison.Ordinal)), Patience);

        // As they are stored: two processes publish, so a plain connection may see 7 before 6.
        var types = await StoredTypesAsync();
        types.Should().Contain("agent.brake_changed");
        types.Skip(types.IndexOf("agent.brake_changed") + 1).Should().HaveCountLessThanOrEqualTo(1, "at most the step that was under way follows the brake");
        worker.Output.Should().Contain(l => l.Contains("through the hub context", StringComparison.Ordinal));
        await user.PutAsync(Routes.Brake, Samples.Json("""{"engaged":false}"""));
        await tap.WaitForEventsAsync(types.Count + 4, Patience); // the worker goes on
        worker.Interrupt();
        (await worker.WaitForExitAsync(Patience)).Should().Be(130);
        int stored = (await StoredTypesAsync()).Count;
        await tap.WaitForEventsAsync(stored, Patience);
        tap.Sequences.Distinct().Order().Should().Equal(Enumerable.Range(1, stored).Select(i => (long)i), "nothing is missing");

        async Task<List<string>> StoredTypesAsync() =>
            [.. (await (await user.GetAsync($"{Routes.Events}?limit=1000").WithinDeadline()).JsonAsync()).GetProperty("events").EnumerateArray().Select(e => e.GetProperty("type").GetString()!)];
    }

    [Test]
    public async Task The_worker_and_the_console_work_against_a_development_server_without_configuration()
    {
        await using var host = await RealtimeHost.StartAsync(trustTokens: false, environment: "Development");
        await using var watch = await ProgramRun.StartProjectAsync("samples/ConsoleWatch", "--server", host.Address.ToString());
        await Eventually.Async("the console is live", () => watch.Output.Any(l => l.Contains("Live", StringComparison.Ordinal)), Patience);

        await using var worker = await ProgramRun.StartProjectAsync("samples/AgentWorker", "--runs", "1", "--pause", "10", "--server", host.Address.ToString());
        (await worker.WaitForExitAsync(Patience)).Should().Be(0);

        await Eventually.Async("the console shows the run", () => watch.Output.Count(l => l.Contains("Trip planner", StringComparison.Ordinal)) == 5, Patience);
        watch.Interrupt();
        (await watch.WaitForExitAsync(Patience)).Should().Be(0);
    }

    [TestCase("samples/ConsoleWatch", "--user", "a b", "--user")]
    [TestCase("samples/ConsoleWatch", "--speed", "3", "--speed")]
    [TestCase("samples/ExactlyOnce", "--user", "a b", "--user")]
    [TestCase("samples/ExactlyOnce", "--speed", "3", "--speed")]
    [TestCase("samples/AgentWorker", "--user", "a b", "--user")]
    [TestCase("samples/AgentWorker", "--runs", "many", "--runs")]
    [TestCase("samples/AgentWorker", "--server", "http://127.0.0.1:9", "dotnet run --project Realtime.Server")]
    public async Task Bad_input_is_one_line_and_a_non_zero_exit(string sample, string option, string value, string named)
    {
        await using var run = await ProgramRun.StartProjectAsync(sample, option, value);

        (await run.WaitForExitAsync(Patience)).Should().Be(option == "--server" ? 1 : 2);
        run.Output.Should().ContainSingle().Which.Should().Contain(named);
    }

    [TestCase("samples/ConsoleWatch")]
    [TestCase("samples/AgentWorker")]
    [TestCase("samples/ExactlyOnce")]
    public async Task Help_is_there_and_names_the_exit_codes(string sample)
    {
        await using var run = await ProgramRun.StartProjectAsync(sample, "--help");

        (await run.WaitForExitAsync(Patience)).Should().Be(0);
        run.Output.Should().Contain(l => l.Contains("Exit codes: 0", StringComparison.Ordinal)).And.Contain(l => l.Contains("REALTIME_TOKEN", StringComparison.Ordinal));
    }

    [Test]
    public async Task The_console_names_the_claim_that_a_token_is_refused_for()
    {
        using var tokens = TestTokens.Hmac();
        await using var host = await RealtimeHost.StartAsync(new Dictionary<string, string?>(tokens.ServerSettings()), tokens);

        foreach (var (claims, user, expected) in new[]
        {
            (new TokenClaims { Subject = "anna", ExpiresIn = TimeSpan.FromMinutes(-5) }, "anna", "Claim exp: it expired at"),
            (new TokenClaims { Subject = "anna", Audience = "shop" }, "anna", "Claim aud is 'shop'"),
            (new TokenClaims { Subject = "anna" }, "ben", "claim sub is 'anna', and --user is 'ben'"),
        })
        {
            await using var run = await ProgramRun.StartProjectAsync("samples/ConsoleWatch", "--server", host.Address.ToString(), "--user", user, "--token", tokens.Create(claims));
            (await run.WaitForExitAsync(Patience)).Should().Be(1);
            run.Output.Should().ContainSingle().Which.Should().Contain(expected);
        }

        await using var noToken = await ProgramRun.StartProjectAsync("samples/ConsoleWatch", "--server", host.Address.ToString());
        (await noToken.WaitForExitAsync(Patience)).Should().Be(1);
        noToken.Output.Should().ContainSingle().Which.Should().Contain("--token").And.Contain("REALTIME_TOKEN");
    }

    [Test]
    public async Task In_json_each_event_is_a_line_and_the_next_run_goes_on_where_the_last_one_stopped()
    {
        await using var host = await RealtimeHost.StartAsync(trustTokens: false, environment: "Development");
        string cursor = Path.Combine(Directory.CreateTempSubdirectory("realtime-watch-").FullName, "cursor.json");
        string[] watch = ["--server", host.Address.ToString(), "--user", "anna", "--cursor", cursor, "--json"];

        for (int round = 0; round < 2; round++)
        {
            // Published while nobody watches: from the start first, then from the cursor.
            await using var worker = await ProgramRun.StartProjectAsync("samples/AgentWorker", "--server", host.Address.ToString(), "--user", "anna", "--runs", "1", "--pause", "1", "--json");
            (await worker.WaitForExitAsync(Patience)).Should().Be(0);
            Sequences(worker).Should().HaveCount(5);

            await using var run = await ProgramRun.StartProjectAsync("samples/ConsoleWatch", [.. watch, "--from", "start"]);
            await Eventually.Async("the events are there", () => Sequences(run).Count == 5, Patience);
            await Eventually.Async("it is live", () => run.Output.Any(l => l.Contains("Live", StringComparison.Ordinal)), Patience);
            run.Interrupt();
            (await run.WaitForExitAsync(Patience)).Should().Be(0);
            Sequences(run).Should().Equal(Sequences(worker)).And.StartWith(round * 5 + 1);
        }

        static List<long> Sequences(ProgramRun run) =>
            [.. run.Output.Where(l => l.StartsWith('{')).Select(l => StreamPosition.Parse(System.Text.Json.JsonDocument.Parse(l).RootElement.GetProperty("position").GetString()!).Sequence)];
    }

    [Test]
    public async Task Without_a_server_the_console_says_what_to_start_and_tries_on()
    {
        int port = FreePort.Next();
        await using var watch = await ProgramRun.StartProjectAsync("samples/ConsoleWatch", "--server", $"http://127.0.0.1:{port}", "--user", "anna");
        await Eventually.Async("it says so", () => watch.Output.Any(l => l.Contains("dotnet run --project Realtime.Server", StringComparison.Ordinal)), Patience);

        await using var node = await ServerNode.StartAsync(new() { EnvironmentName = "Development", Port = port }).WithinDeadline(Patience);
        await Eventually.Async("it is live", () => watch.Output.Any(l => l.Contains("Live", StringComparison.Ordinal)), Patience);
        watch.Interrupt();
        (await watch.WaitForExitAsync(Patience)).Should().Be(0);
    }

    [Test]
    public async Task Without_a_token_authority_the_server_says_so_in_one_line_and_exits()
    {
        await using var server = await ProgramRun.StartProjectAsync("Realtime.Server", "--environment", "Production");

        (await server.WaitForExitAsync(Patience)).Should().Be(1);
        server.Output.Should().ContainSingle().Which.Should().Contain("Authentication:Schemes:Bearer:Authority");
    }

    [Test]
    public async Task The_console_compiled_to_native_code_without_a_warning_receives_events()
    {
        var folder = Directory.CreateTempSubdirectory("realtime-aot-");
        await using var publish = await ProgramRun.StartAsync(
            "dotnet", ["publish", "samples/ConsoleWatch", "-c", "Release", "-r", "linux-x64", "-p:NativeAot=true", "-o", folder.FullName, "-nologo"]);
        (await publish.WaitForExitAsync(TimeSpan.FromMinutes(8))).Should().Be(0, string.Join('\n', publish.Output.TakeLast(20)));
        publish.Output.Where(l => Warning().IsMatch(l)).Should().BeEmpty();

        await using var host = await RealtimeHost.StartAsync(trustTokens: false, environment: "Development");
        await using var watch = await ProgramRun.StartAsync(Path.Combine(folder.FullName, "ConsoleWatch"), ["--server", host.Address.ToString()]);
        await Eventually.Async("the console is live", () => watch.Output.Any(l => l.Contains("Live", StringComparison.Ordinal)), Patience);
        await using var worker = await ProgramRun.StartProjectAsync("samples/AgentWorker", "--runs", "1", "--pause", "10", "--server", host.Address.ToString());
        await Eventually.Async("the console shows the run", () => watch.Output.Count(l => l.Contains("Trip planner", StringComparison.Ordinal)) == 5, Patience);

        watch.Interrupt();
        (await watch.WaitForExitAsync(Patience)).Should().Be(0);
        folder.Delete(recursive: true);
    }

    [GeneratedRegex(@"\bwarning (?:IL|CS|NU)\d+", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Warning();
}

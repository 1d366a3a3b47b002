using Microsoft.Extensions.Configuration;
using Realtime.Harness;
using Realtime.Server;
using Realtime.Tests.Support;

namespace Realtime.Tests.Server;

/// <summary>Settings that nothing reads, and values that cannot be read: all of them, in words, and never a secret.</summary>
public sealed class SettingNamesTests
{
    [TestCase("Retension", "00:00:05", "Realtime:Retension is no setting; did you mean Realtime:Retention?")]
    [TestCase("headcheckintervall", "00:00:05", "Realtime:headcheckintervall is no setting; did you mean Realtime:HeadCheckInterval?")]
    [TestCase("BackplaneKeys", "hunter2", "Realtime:BackplaneKeys is no setting; did you mean Realtime:BackplaneKey?")]
    [TestCase("Verbosity", "high", "Realtime:Verbosity is no setting.")]
    [TestCase("AllowedOrigins", "https://app.example.com", "Realtime:AllowedOrigins is a list: its first value belongs into Realtime:AllowedOrigins:0.")]
    [TestCase("PublishTimeout", "soon", "Realtime:PublishTimeout is 'soon'; it must be a time such as 00:00:05 (5 seconds) or 30.00:00:00 (30 days).")]
    [TestCase("LosslessFailover", "perhaps", "Realtime:LosslessFailover is 'perhaps'; it must be true or false.")]
    [TestCase("Backplane", "Kafka", "Realtime:Backplane is 'Kafka'; it must be one of Shard, Stock.")]
    [TestCase("MaxAppendBatch", "many", "Realtime:MaxAppendBatch is 'many'; it must be a number in its range.")]
    public void What_cannot_be_meant_is_one_sentence(string name, string value, string fault) => Faults(new() { [$"Realtime:{name}"] = value }).Should().Equal(fault);

    [Test]
    public void Every_setting_of_the_contract_is_known() => Faults(new()
    {
        ["Realtime:AuthorizedParties:0"] = "app",
        ["Realtime:TokenGrace"] = "00:00:25",
        ["Realtime:PublishTimeout"] = "00:00:05",
        ["Realtime:Retention"] = "30.00:00:00",
        ["Realtime:HeadCheckInterval"] = "00:00:01.5",
        ["Realtime:DrainWindow"] = "00:00:20",
        ["Realtime:AllowedOrigins:0"] = "https://app.example.com",
        ["Realtime:MaxConnectionsPerUser"] = "100",
        ["Realtime:RateLimits:ConnectsPerSecond"] = "100",
        ["Realtime:ManagementPort"] = "9090",
        ["realtime:backplane"] = "stock",
    }).Should().BeEmpty();

    [Test]
    public void A_value_that_cannot_be_read_does_not_hide_the_other_faults() => Faults(new()
    {
        ["Realtime:PublishTimeout"] = "soon",
        ["Realtime:HeadCheckInterval"] = "never",
        ["Realtime:TokenGrace"] = "9999.00:00:00",
        ["Realtime:Retension"] = "1",
        ["Realtime:BackplaneKey"] = "hunter2",
        ["ConnectionStrings:Postgres"] = "Host=db;Bogus=1;Password=hunter2",
    }).Should().HaveCount(6).And.OnlyContain(fault => !fault.Contains("hunter2", StringComparison.Ordinal) && !fault.Contains('\n', StringComparison.Ordinal));

    [Test]
    [Category("Integration")]
    public async Task The_process_lists_all_faults_line_by_line_and_ends_with_a_code_that_is_not_zero()
    {
        await using var server = await ProgramRun.StartProjectAsync(
            "Realtime.Server", "--environment", "Production", "--Realtime:Retension", "1", "--Realtime:PublishTimeout", "soon", "--Realtime:BackplaneKey", "hunter2");

        (await server.WaitForExitAsync(TimeSpan.FromSeconds(90))).Should().Be(1);
        server.Output.Should().HaveCount(4, "three of these, and no token authority");
        server.Output.Should().OnlyContain(line => !line.Contains("   at ", StringComparison.Ordinal) && !line.Contains("hunter2", StringComparison.Ordinal));
    }

    static IReadOnlyList<string> Faults(Dictionary<string, string?> settings)
    {
        var check = () => ConfigurationCheck.Store(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        try
        {
            check();
            return [];
        }
        catch (RealtimeConfigurationException fault)
        {
            return fault.Faults;
        }
    }
}

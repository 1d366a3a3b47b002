using Realtime.Chaos;

namespace Realtime.Tests.Chaos;

public sealed class ChaosOptionsTests
{
    [Test]
    public void Options_are_read()
    {
        ChaosOptions.TryParse(["--seed", "3", "--minutes", "2.5", "--users", "50", "--only", "redis-kill"], out var options, out _).Should().BeTrue();
        options.Should().Match<ChaosOptions>(o => o.Seed == 3 && o.Minutes == 2.5 && o.Users == 50 && o.Only!.Name == "redis-kill");
        options.Command.Should().Be("./chaos.sh --seed 3 --minutes 2.5 --users 50 --only redis-kill");
    }

    [Test]
    public void Calm_run_has_no_faults_and_can_be_made_again()
    {
        ChaosOptions.TryParse(["--calm", "--token-life", "3"], out var options, out _).Should().BeTrue();
        options.Plan().Faults.Should().BeEmpty();
        options.Command.Should().Be("./chaos.sh --seed 1 --minutes 2 --users 40 --calm --token-life 3");
        ChaosOptions.TryParse(["--calm", "--only", "redis-kill"], out _, out string fault).Should().BeFalse();
        fault.Should().StartWith("--calm");
    }

    [TestCase("--sed", "1")]
    [TestCase("--seed")]
    [TestCase("--seed", "-1")]
    [TestCase("--seed", "one")]
    [TestCase("--minutes", "0")]
    [TestCase("--minutes", "1e3")]
    [TestCase("--minutes", "NaN")]
    [TestCase("--users", "1")]
    [TestCase("--users", "2001")]
    [TestCase("--only", "earthquake")]
    [TestCase("--rate", "9")]
    [TestCase("--token-life", "1")]
    public void Nonsense_is_refused_in_one_line(params string[] arguments)
    {
        ChaosOptions.TryParse(arguments, out _, out string fault).Should().BeFalse();
        fault.Should().StartWith(arguments[0]).And.NotContain("\n");
    }
}

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
    public void Nonsense_is_refused_in_one_line(params string[] arguments)
    {
        ChaosOptions.TryParse(arguments, out _, out string fault).Should().BeFalse();
        fault.Should().StartWith(arguments[0]).And.NotContain("\n");
    }
}

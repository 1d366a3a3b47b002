using Realtime.Server;
using Realtime.Tests.Repository;

namespace Realtime.Tests.Docs;

/// <summary>docs/configuration.md has every setting.</summary>
public sealed class ConfigurationPageTests
{
    [Test]
    public void Every_setting_of_the_server_is_described()
    {
        string page = TrackedFiles.Read("docs/configuration.md");
        var settings = typeof(RealtimeOptions).GetProperties().Select(p => $"`{RealtimeOptions.Section}:{p.Name}{(p.PropertyType == typeof(RateLimitOptions) ? ":*" : string.Empty)}`").ToList();

        settings.Should().HaveCountGreaterThan(20);
        settings.Where(setting => !page.Contains(setting, StringComparison.Ordinal)).Should().BeEmpty();
    }
}

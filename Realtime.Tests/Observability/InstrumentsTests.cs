using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Client.Telemetry;
using Realtime.Harness;
using Realtime.Server.Telemetry;

namespace Realtime.Tests.Observability;

/// <summary>What is measured is in the table of docs/observability.md, with its unit, and nothing else is.</summary>
public sealed class InstrumentsTests
{
    [Test]
    public void The_table_of_metrics_names_every_instrument_with_its_unit_and_no_other()
    {
        var named = File.ReadAllLines(Path.Combine(RepositoryPaths.Root, "docs", "observability.md"))
            .Where(line => line.StartsWith("| `realtime.", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)).Select(cells => (cells[1].Trim('`'), cells[2].Trim('`'))).ToList();

        named.Should().BeEquivalentTo(Instruments().Select(i => (i.Name, i.Unit!)));
    }

    [Test]
    public void Names_and_units_follow_the_conventions()
    {
        foreach (var instrument in Instruments())
        {
            instrument.Name.Should().MatchRegex("^realtime\\.(server|client)(\\.[a-z_]+)+$");
            instrument.Unit.Should().MatchRegex("^(s|1|\\{[a-z]+\\})$", instrument.Name);
            instrument.Description.Should().EndWith(".", instrument.Name);
            if (instrument is Histogram<double>) instrument.Unit.Should().Be("s", instrument.Name);
        }
    }

    static List<Instrument> Instruments()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        var metrics = new ServerMetrics(factory);
        metrics.WatchQueue(() => 0);
        metrics.WatchBackplane(() => false);
        ClientTimings.StartAtZero();
        List<Instrument> all = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, factory) || instrument.Meter.Name == ClientTracing.SourceName) all.Add(instrument);
            },
        };
        listener.Start();
        return all;
    }
}

using System.Text.RegularExpressions;
using Realtime.Harness;
using Realtime.OpsCheck;
using Realtime.Tests.Support;

namespace Realtime.Tests.Observability;

/// <summary>The dashboards and alert rules of <c>ops/</c> ask for what is really there.</summary>
public sealed partial class OpsFilesTests
{
    /// <summary>Prometheus makes it itself, for every target.</summary>
    const string OfPrometheus = "up";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [TestCase("sum by (le, path) (rate(a_bucket{instance=~\".*\", x=\"by (y)\"}[30s]))", "a_bucket")]
    [TestCase("histogram_quantile(0.99, sum by (le) (rate(a_seconds_bucket[5m]))) > 0.5", "a_seconds_bucket")]
    [TestCase("sum(rate(a_sum[1m])) / sum (rate(a_count[1m]))", "a_sum a_count")]
    [TestCase("max by (instance) (a) == 1", "a")]
    [TestCase("up{job=\"x\"} == 0", "up")]
    public void The_metrics_of_a_query_are_found(string query, string names) => PromQl.MetricNames(query).Should().BeEquivalentTo(names.Split(' '));

    [Test]
    [Category("Integration")]
    public async Task Every_metric_of_every_panel_and_every_alert_is_a_series_in_the_scrape_of_a_loaded_system()
    {
        var queries = OpsFiles.PanelQueries().Concat(OpsFiles.AlertQueries()).ToList();
        OpsFiles.PanelQueries().Should().HaveCountGreaterThan(40);
        OpsFiles.AlertQueries().Should().HaveCountGreaterThan(10);
        await using var system = await LoadedSystem.StartAsync().WithinDeadline(TimeSpan.FromMinutes(3));
        using var http = new HttpClient();
        HashSet<string> series = [OfPrometheus];

        await Eventually.Async("every metric that is asked for has been scraped", ScrapeAsync, Patience);

        async Task<bool> ScrapeAsync()
        {
            foreach (int port in system.ServerMetrics.Append(system.ClientMetrics)) series.UnionWith(PromQl.SeriesNames(await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"))));
            var missing = queries.SelectMany(q => PromQl.MetricNames(q.Expression).Where(name => !series.Contains(name)).Select(name => $"{q.File}, {q.Title}: {name}")).ToList();
            if (missing.Count > 0) TestContext.Out.WriteLine(string.Join('\n', missing.Prepend("Not there yet:")));
            return missing.Count == 0;
        }
    }

    [Test]
    public void Every_alert_says_where_to_read_on_and_has_a_row_there()
    {
        string rules = File.ReadAllText(OpsFiles.Rules);
        var alerts = OpsFiles.AlertQueries().Select(q => q.Title).ToList();
        string page = File.ReadAllText(Path.Combine(RepositoryPaths.Root, "docs", "operations.md"));

        Regex.Count(rules, "- alert:", RegexOptions.None, TimeSpan.FromSeconds(1)).Should().Be(alerts.Count, "an expression is one line");
        RunbookUrl().Count(rules).Should().Be(alerts.Count);
        page.Should().Contain("## When an alert fires");
        alerts.Where(alert => !page.Contains($"| `{alert}`", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [GeneratedRegex("runbook_url: \"docs/operations.md#when-an-alert-fires\"", RegexOptions.NonBacktracking)]
    private static partial Regex RunbookUrl();
}

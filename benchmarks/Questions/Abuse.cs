using System.Diagnostics;
using System.Globalization;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Scenarios;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Questions;

/// <summary>
/// For each limit, 300 publishes/s for others, in turn without and with somebody who asks for ten times as much as the limit
/// grants: how much later are they answered and received, and what is the abuser told?
/// </summary>
internal static class Abuse
{
    private const int Rounds = 3;
    private const double WarmUp = 10;
    private const double Phase = 4;

    /// <summary>So that the second before counts in neither.</summary>
    private const double Settle = 1;

    public static async Task RunAsync(Scale scale, IReadOnlyList<string> limits)
    {
        var chosen = limits.Count > 0 ? limits.Select(Chosen).ToList() : [.. Abusers.ByLimit];
        var settings = Defaults();
        foreach (var (_, abused) in chosen)
        {
            if (abused.Setting is { } setting) settings[setting] = abused.Granted.ToString(CultureInfo.InvariantCulture);
        }

        await using var stage = await Stage.StartAsync();
        await using var system = await SystemUnderTest.StartAsync(stage, SystemKind.Ours, new SystemOptions { Settings = settings });
        using var load = await PublishLoad.ConnectAsync(system, scale);
        using var audience = new Audience(system, load.Users);
        await audience.ConnectAsync(atOnce: 8);
        await load.MeasureAsync(TimeSpan.FromSeconds(scale.Seconds(WarmUp)));
        foreach (var (limit, abused) in chosen) await MeasureAsync(limit, abused);

        async Task MeasureAsync(string limit, Abusers.Abused abused)
        {
            var answers = new Answers();
            var (acknowledged, received) = (new List<double>(), new List<double>());
            await abused.Abuser(system, abused.Granted, TimeSpan.FromSeconds(Settle), new Answers()); // compiles what it takes to refuse
            for (int round = 0; round < Rounds; round++)
            {
                var free = await PhaseAsync();
                var abuse = abused.Abuser(system, abused.Granted, TimeSpan.FromSeconds(scale.Seconds(Phase) + (2 * Settle)), answers);
                await Task.Delay(TimeSpan.FromSeconds(Settle));
                var beside = await PhaseAsync();
                await abuse;
                acknowledged.Add(beside.Acknowledged / free.Acknowledged);
                received.Add(beside.Received / free.Received);
                if (beside.Failed + free.Failed > 0) Console.WriteLine($"{limit}: {free.Failed} + {beside.Failed} publishes of others failed");
            }

            bool isLost = !await audience.WaitForAllAsync(load.Ledger);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{limit,-20} {abused.Granted,9:N0} p99 with / without: acknowledged {Median(acknowledged):0.00} ({Range(acknowledged)}), received {Median(received):0.00} ({Range(received)}); told: {answers}{(isLost ? "; EVENTS OF OTHERS ARE MISSING" : string.Empty)}"));
        }

        async Task<(double Acknowledged, double Received, int Failed)> PhaseAsync()
        {
            var received = new Phase(Stopwatch.GetTimestamp());
            audience.Observe(received);
            var published = await load.MeasureAsync(TimeSpan.FromSeconds(scale.Seconds(Phase)));
            await audience.WaitForAllAsync(load.Ledger);
            return (published.P99, received.Percentile(99), published.Failed);
        }
    }

    /// <summary><c>connects-of-node=100</c> is that limit with another value than the default.</summary>
    private static KeyValuePair<string, Abusers.Abused> Chosen(string limit)
    {
        string[] parts = limit.Split('=');
        if (!Abusers.ByLimit.TryGetValue(parts[0], out var abused))
            throw new ArgumentException($"There is no limit {parts[0]}; there are {string.Join(", ", Abusers.ByLimit.Keys)}.");
        if (parts.Length == 1) return new(limit, abused);
        if (parts.Length > 2 || abused.Setting is null || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int granted) || granted == 0)
            throw new ArgumentException($"{limit}: a limit that is a setting takes one number above 0.");
        return new(parts[0], abused with { Granted = granted });
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Range(List<double> values) => string.Create(CultureInfo.InvariantCulture, $"{values.Min():0.00} to {values.Max():0.00}");

    /// <summary>Takes away what the other measurements set.</summary>
    private static Dictionary<string, string?> Defaults() => new()
    {
        ["Realtime:MaxConnectionsPerUser"] = null,
        ["Realtime:MaxConnections"] = null,
        ["Realtime:RateLimits:ConnectsPerSecond"] = null,
        ["Realtime:RateLimits:RequestsPerSecondPerUser"] = null,
        ["Realtime:RateLimits:EventsPerSecondPerPublisher"] = null,
        ["Realtime:RateLimits:HubCallsPerSecondPerConnection"] = null,
    };
}

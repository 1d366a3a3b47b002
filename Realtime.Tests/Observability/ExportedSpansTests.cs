using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Realtime.Contracts;
using Realtime.Server;
using Realtime.Tests.Support;

namespace Realtime.Tests.Observability;

/// <summary>What leaves the server as spans, with the set-up that exports them.</summary>
[Category("Integration")]
public sealed class ExportedSpansTests
{
    const string User = "user_42";

    [Test]
    public async Task Spans_of_requests_hold_no_token_and_there_are_none_of_connections_probes_and_scrapes()
    {
        var trace = ActivityTraceId.CreateRandom();
        using var spans = new Collector();
        await using var host = await RealtimeHost.StartAsync(configure: services =>
        {
            RealtimeTelemetry.Register(services, new ConfigurationBuilder().Build());
            services.AddOpenTelemetry().WithTracing(traces => RealtimeTelemetry.Trace(traces).SetSampler(new Only(trace)).AddProcessor(spans));
        });
        string token = host.Tokens.Create(User, Scopes.Publish);
        using var client = host.ClientWith(token);
        client.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        string query = $"?access_token={token}";

        foreach (string path in new[] { Routes.Events, Routes.Activity, "/no-such-path", Routes.HubFor(User), Routes.EventStream, Routes.Live, Routes.Ready, Routes.Metrics })
            using (await client.GetAsync(path + query, HttpCompletionOption.ResponseHeadersRead).WithinDeadline()) { }
        using (await client.PostAsync(Routes.Events + query, Samples.Json(Samples.Step(User))).WithinDeadline()) { }

        await Eventually.Async("the span of the publish has ended", () => spans.Lines.Any(line => line.StartsWith("publish ", StringComparison.Ordinal)));
        string[] secrets = token.Split('.')[1..];
        spans.Lines.Where(line => secrets.Any(secret => line.Contains(secret, StringComparison.Ordinal))).Should().BeEmpty();
        spans.Lines.Should().Contain(line => line.Contains(Routes.Events, StringComparison.Ordinal) && line.Contains("http.request.method=POST", StringComparison.Ordinal));
        spans.Lines.Where(line => line.Contains(Routes.HubPrefix, StringComparison.Ordinal) || line.Contains("/health", StringComparison.Ordinal) || line.Contains(Routes.Metrics, StringComparison.Ordinal)).Should().BeEmpty();
    }

    /// <summary>Tests run beside each other, and spans are the whole process's.</summary>
    sealed class Only(ActivityTraceId trace) : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
            new(samplingParameters.ParentContext.TraceId == trace ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
    }

    sealed class Collector : BaseProcessor<Activity>
    {
        readonly ConcurrentQueue<string> _lines = new();

        internal IReadOnlyList<string> Lines => [.. _lines];

        public override void OnEnd(Activity data) => _lines.Enqueue($"{data.OperationName} {data.DisplayName} {string.Join(' ', data.TagObjects.Select(t => $"{t.Key}={t.Value}"))}");
    }
}

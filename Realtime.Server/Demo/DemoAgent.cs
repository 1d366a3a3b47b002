using Microsoft.Extensions.Options;
using Realtime.Contracts.Events;
using Realtime.Server.EventStore;
using Realtime.Server.Hubs;
using Realtime.Server.Publishing;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Demo;

/// <summary>
/// Shows life on the first start: in Development, and while the user <c>demo</c> is connected, publishes the steps of
/// made-up runs through the same publisher as any in-process worker. Asks the brake before each step.
/// </summary>
internal sealed class DemoAgent(
    IAgentEventPublisher publisher, IAgentBrake brake, HubConnections connections, IOptions<RealtimeOptions> options, TimeProvider time, ILogger<DemoAgent> logger) : BackgroundService
{
    private const string User = "demo";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1500);

    private static readonly (string Agent, string Name, string[] Steps)[] Runs =
    [
        ("researcher", "Market researcher", ["Read the question", "Search the sources", "Read 12 documents", "Compare the findings", "Write the summary"]),
        ("inbox", "Inbox assistant", ["Fetch new mail", "Sort by urgency", "Draft replies", "Ask for approval"]),
        ("billing", "Invoice checker", ["Load invoices", "Match orders", "Check amounts", "Flag differences", "File the report"]),
    ];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.DemoAgent) return;
        ServerLog.DemoStarted(logger, User);
        var random = new Random(42); // the same show every time
        for (int run = 0; ; run++)
        {
            var (agent, name, steps) = Runs[run % Runs.Length];
            string runId = $"{agent}-{time.GetUtcNow():yyMMdd-HHmmss}";
            for (int step = 0; step < steps.Length; step++)
            {
                await WaitForPermissionAsync(stoppingToken);
                bool failed = random.NextDouble() < 0.08;
                await PublishAsync(agent, name, runId, steps, step, failed, random.Next(80, 4000), stoppingToken);
                if (failed) break;
            }
        }
    }

    /// <summary>Until somebody watches and the brake is off.</summary>
    private async Task WaitForPermissionAsync(CancellationToken cancellationToken)
    {
        do await Task.Delay(Pause, time, cancellationToken);
        while (!connections.IsConnected(User) || await IsHaltedAsync(cancellationToken));
    }

    private async Task<bool> IsHaltedAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await brake.ReadAsync(User, cancellationToken)).Engaged;
        }
        catch (StoreUnavailableException)
        {
            return true; // a brake that cannot be read counts as pulled
        }
    }

    private async Task PublishAsync(
        string agent, string name, string runId, string[] steps, int step, bool failed, int durationMs, CancellationToken cancellationToken)
    {
        try
        {
            await publisher.PublishAsync(
                User,
                new AgentStepCompleted
                {
                    AgentId = agent,
                    AgentName = name,
                    RunId = runId,
                    StepIndex = step,
                    StepName = steps[step],
                    Status = failed ? StepStatus.Failed : StepStatus.Succeeded,
                    StartedAt = time.GetUtcNow() - TimeSpan.FromMilliseconds(durationMs),
                    DurationMs = durationMs,
                    Summary = failed ? null : $"Step {step + 1} of {steps.Length} done",
                    Error = failed ? "The source did not answer in time" : null,
                },
                cancellationToken: cancellationToken);
        }
        catch (StoreUnavailableException fault)
        {
            ServerLog.DemoFailed(logger, fault);
        }
    }
}

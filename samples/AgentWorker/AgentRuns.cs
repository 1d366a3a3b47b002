using System.Diagnostics;
using Realtime.Contracts.Events;

namespace AgentWorker;

/// <summary>Made-up but realistic runs: each asks the brake before each step and halts within one step.</summary>
internal sealed class AgentRuns(WorkerLink link, IWorkerView view, WorkerSettings settings)
{
    private static readonly TimeSpan BrakePoll = TimeSpan.FromMilliseconds(500);

    private static readonly (string Id, string Name, string[] Steps)[] Agents =
    [
        ("planner", "Trip planner", ["Understand the request", "Find flights", "Compare hotels", "Check the calendar", "Propose an itinerary"]),
        ("reviewer", "Code reviewer", ["Fetch the change", "Run the tests", "Read the diff", "Write comments"]),
        ("analyst", "Sales analyst", ["Load the numbers", "Clean the data", "Fit the trend", "Draw the charts", "Write the briefing"]),
    ];

    private readonly Random _random = new();
    private int _published;

    /// <returns>Whether all runs were published; <see langword="false"/> when stopped before.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        view.Begin(link.Description, settings.SignIn.User, settings.Runs);
        try
        {
            for (int run = 0; run < settings.Runs; run++)
            {
                var agent = Agents[run % Agents.Length];
                string runId = $"{agent.Id}-{Guid.NewGuid().ToString("N")[..8]}";
                view.BeginRun(agent.Name, runId, run + 1, settings.Runs, agent.Steps.Length);
                for (int step = 0; step < agent.Steps.Length; step++)
                {
                    view.BeginStep(agent.Steps[step]);
                    await WaitForBrakeAsync(cancellationToken);
                    await WorkAndPublishAsync(agent, runId, step, cancellationToken);
                }
            }

            view.End(_published, isFinished: true);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            view.End(_published, isFinished: false);
            return false;
        }
    }

    private async Task WaitForBrakeAsync(CancellationToken cancellationToken)
    {
        bool halted = false;
        while (await link.IsBrakeEngagedAsync(cancellationToken))
        {
            if (!halted) view.Halted();
            halted = true;
            await Task.Delay(BrakePoll, cancellationToken);
        }

        if (halted) view.Released();
    }

    private async Task WorkAndPublishAsync((string Id, string Name, string[] Steps) agent, string runId, int step, CancellationToken cancellationToken)
    {
        var startedAt = DateTimeOffset.UtcNow;
        var clock = Stopwatch.StartNew();
        await Task.Delay(settings.Pause * (0.5 + _random.NextDouble()), cancellationToken);
        bool failed = _random.Next(100) < settings.FailurePercent;

        var completed = new AgentStepCompleted
        {
            AgentId = agent.Id,
            AgentName = agent.Name,
            RunId = runId,
            StepIndex = step,
            StepName = agent.Steps[step],
            Status = failed ? StepStatus.Failed : StepStatus.Succeeded,
            StartedAt = startedAt,
            DurationMs = Math.Round(clock.Elapsed.TotalMilliseconds, 1),
            Summary = failed ? null : $"{agent.Steps[step]}: done",
            Error = failed ? "A tool call timed out" : null,
        };
        var position = await link.PublishAsync(completed, cancellationToken);
        _published++;
        view.Published(completed, position);
    }
}

using System.Text.Json;
using Realtime.Contracts;
using Realtime.Contracts.Events;

namespace AgentWorker;

/// <summary>A line for everything that happens, for pipes and files.</summary>
internal class LineWorkerView : IWorkerView
{
    public Task<bool> RunAsync(Func<IWorkerView, Task<bool>> work) => work(this);

    public virtual void Begin(string how, string user, int runs) => Write($"Publishing {runs} runs for {user} {how}.");

    public virtual void BeginRun(string agent, string runId, int number, int of, int steps) => Write($"{agent} {runId} ({number} of {of})");

    public void BeginStep(string step)
    {
        // A line says what is done, not what begins.
    }

    public virtual void Published(AgentStepCompleted step, StreamPosition position) =>
        Write($"  {(step.Status == StepStatus.Failed ? "✗" : "✓")} {step.StepName} {step.DurationMs:0} ms, {position}{(step.Error is null ? string.Empty : $" ({step.Error})")}");

    public virtual void Halted() => Write("  halted by the emergency brake");

    public virtual void Released() => Write("  released, going on");

    public virtual void End(int events, bool isFinished) => Write($"{events} events published{(isFinished ? string.Empty : ", stopped before the end")}.");

    protected static void Write(string line) => Console.Out.WriteLine(line);
}

/// <summary>One line per published event; the brake too, because whoever reads along must know why nothing comes.</summary>
internal sealed class JsonWorkerView : LineWorkerView
{
    public override void Begin(string how, string user, int runs)
    {
        // Only events.
    }

    public override void BeginRun(string agent, string runId, int number, int of, int steps)
    {
        // Its steps name it.
    }

    public override void Published(AgentStepCompleted step, StreamPosition position) => Write(JsonSerializer.Serialize(new
    {
        position = position.ToString(),
        runId = step.RunId,
        agentId = step.AgentId,
        stepIndex = step.StepIndex,
        stepName = step.StepName,
        status = step.Status.ToString().ToLowerInvariant(),
        durationMs = step.DurationMs,
    }));

    public override void Halted() => Write("""{"brake":"engaged"}""");

    public override void Released() => Write("""{"brake":"released"}""");

    public override void End(int events, bool isFinished)
    {
        // The exit code says it.
    }
}

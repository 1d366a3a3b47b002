using Realtime.Contracts;
using Realtime.Contracts.Events;

namespace AgentWorker;

/// <summary>Tells what the worker does: alive in a terminal, a line each into a pipe, or JSON.</summary>
internal interface IWorkerView
{
    /// <summary>Runs the work with the view around it.</summary>
    Task<bool> RunAsync(Func<IWorkerView, Task<bool>> work);

    void Begin(string how, string user, int runs);

    void BeginRun(string agent, string runId, int number, int of, int steps);

    void BeginStep(string step);

    void Published(AgentStepCompleted step, StreamPosition position);

    void Halted();

    void Released();

    void End(int events, bool isFinished);
}

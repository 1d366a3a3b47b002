using Realtime.Contracts;
using Realtime.Contracts.Events;

namespace ConsoleWatch;

/// <summary>The newest runs and how far each has come. Bounded; not thread-safe.</summary>
internal sealed class RunBoard
{
    private const int MostRuns = 50;
    private readonly LinkedList<Run> _newest = [];

    public IEnumerable<Run> Newest => _newest;

    public void Add(AgentEvent<AgentStepCompleted> e)
    {
        var run = _newest.FirstOrDefault(r => r.Id == e.Data.RunId);
        if (run is null) run = new Run(e.Data.RunId, e.Data.AgentName);
        else _newest.Remove(run);
        run.Add(e);
        _newest.AddFirst(run); // what moves is on top
        while (_newest.Count > MostRuns) _newest.RemoveLast();
    }
}

/// <summary>One run, step by step.</summary>
internal sealed class Run(string id, string agent)
{
    private readonly SortedDictionary<int, StepStatus> _steps = [];

    public string Id => id;

    public string Agent => agent;

    public string LastStep { get; private set; } = string.Empty;

    public double TotalMs { get; private set; }

    public DateTimeOffset ChangedAt { get; private set; }

    public IReadOnlyCollection<StepStatus> Steps => _steps.Values;

    public bool HasFailed => _steps.ContainsValue(StepStatus.Failed);

    public void Add(AgentEvent<AgentStepCompleted> e)
    {
        _steps[e.Data.StepIndex] = e.Data.Status;
        LastStep = e.Data.StepName;
        TotalMs += e.Data.DurationMs;
        ChangedAt = e.Time;
    }
}

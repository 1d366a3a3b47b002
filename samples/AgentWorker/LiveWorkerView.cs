using Realtime.Contracts;
using Realtime.Contracts.Events;
using Spectre.Console;

namespace AgentWorker;

/// <summary>For a terminal: a bar for each run, with the step that is under way; the brake is red.</summary>
internal sealed class LiveWorkerView : IWorkerView
{
    private ProgressContext? _progress;
    private ProgressTask? _run;
    private string _title = string.Empty;
    private string _step = string.Empty;
    private int _failed;

    public Task<bool> RunAsync(Func<IWorkerView, Task<bool>> work) => AnsiConsole.Progress()
        .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }, new ElapsedTimeColumn())
        .StartAsync(progress =>
        {
            _progress = progress;
            return work(this);
        });

    public void Begin(string how, string user, int runs) => AnsiConsole.MarkupLineInterpolated($"Publishing [bold]{runs}[/] runs for [bold]{user}[/] {how}. [dim]Ctrl+C ends.[/]");

    public void BeginRun(string agent, string runId, int number, int of, int steps)
    {
        (_title, _failed) = ($"[bold]{Markup.Escape(agent)}[/] [dim]{Markup.Escape(runId)} {number}/{of}[/]", 0);
        _run = _progress!.AddTask(_title, maxValue: steps);
    }

    public void BeginStep(string step)
    {
        _step = step;
        Describe(Markup.Escape(step) + " ...");
    }

    public void Published(AgentStepCompleted step, StreamPosition position)
    {
        if (step.Status == StepStatus.Failed)
        {
            _failed++;
            AnsiConsole.MarkupLineInterpolated($"[red]✗ {step.AgentName}: {step.StepName} ({step.Error})[/] [dim]{position}[/]");
        }

        _run!.Increment(1);
        Describe($"[dim]at {position}[/]");
    }

    public void Halted() => Describe("[red]halted by the emergency brake[/]");

    public void Released() => Describe(Markup.Escape(_step) + " ...");

    public void End(int events, bool isFinished)
    {
        if (!isFinished) Describe("[yellow]stopped[/]");
        AnsiConsole.MarkupLineInterpolated($"{events} events published{(isFinished ? "" : ", stopped before the end")}.");
    }

    private void Describe(string what)
    {
        if (_run is not null) _run.Description = $"{_title} {(_failed > 0 ? $"[red]{_failed} failed[/] " : string.Empty)}{what}";
    }
}

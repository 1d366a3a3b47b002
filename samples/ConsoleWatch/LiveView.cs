using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using SampleTools;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ConsoleWatch;

/// <summary>For a terminal: the connection with its countdown, the runs with their progress, the newest events below.</summary>
internal sealed class LiveView(AgentEventsClient client, SignIn signIn) : IWatchView
{
    private const int MostEvents = 200;
    private const int MostSteps = 24;
    private const int Around = 10; // lines that are no rows
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);
    private static readonly Style Dim = new(Color.Grey);

    private readonly Lock _lock = new();
    private readonly LinkedList<(AgentEvent Event, bool IsMissed)> _newest = [];
    private readonly RunBoard _runs = new();
    private long _count;
    private int _missed;
    private bool _wasLive;
    private string? _note;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var started = client.StartAsync(cancellationToken);
        await AnsiConsole.Live(Render()).StartAsync(async screen =>
        {
            using var timer = new PeriodicTimer(Refresh);
            try
            {
                while (!client.Completion.IsCompleted && await timer.WaitForNextTickAsync(cancellationToken)) screen.UpdateTarget(Render());
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                screen.UpdateTarget(Render());
            }
        });
        if (!cancellationToken.IsCancellationRequested) await Task.WhenAll(started, client.Completion);
    }

    public Task ShowAsync(AgentEvent e, bool isMissed)
    {
        lock (_lock)
        {
            _count++;
            if (isMissed) _missed++;
            if (e is AgentEvent<AgentStepCompleted> step) _runs.Add(step);
            _newest.AddFirst((e, isMissed));
            while (_newest.Count > MostEvents) _newest.RemoveLast();
        }

        return Task.CompletedTask;
    }

    public void HistoryLost(HistoryLostEventArgs lost)
    {
        lock (_lock) _note = Words.Of(lost);
    }

    public void CaughtUp()
    {
        lock (_lock)
        {
            if (_missed > 0) _note = $"{_missed} events were missed while away; they are marked ↻.";
            _missed = 0;
        }
    }

    private Rows Render()
    {
        var status = client.Status;
        _wasLive |= status.State == ConnectionState.Live;
        var colour = status.State switch
        {
            ConnectionState.Live => Color.Green,
            ConnectionState.CatchingUp => Color.Aqua,
            ConnectionState.Stopped => Color.Red,
            _ => Color.Yellow,
        };
        lock (_lock)
        {
            string? note = !_wasLive && status.FailedAttempts > 0 && status.State != ConnectionState.Stopped ? signIn.NoServer : _note;
            var head = new Paragraph().Append("● ", new Style(colour, decoration: Decoration.Bold)).Append(signIn.User, new Style(decoration: Decoration.Bold))
                .Append($"  {Words.Of(status)}", new Style(colour)).Append($"  {_count} events, at {client.Position?.ToString() ?? "–"}  (Ctrl+C ends)", Dim);
            int room = Math.Max(6, AnsiConsole.Profile.Height - Around);
            int runs = Math.Min(_runs.Newest.Count(), Math.Max(2, room / 3));
            return new Rows([head, .. note is null ? Array.Empty<IRenderable>() : [new Text(note, new Style(Color.Yellow))], Runs(runs), Events(room - runs)]);
        }
    }

    private Table Runs(int count)
    {
        var table = Table("Run", "Steps", "Last step", "Time");
        foreach (var run in _runs.Newest.Take(count))
        {
            var marks = new Paragraph();
            foreach (var step in run.Steps.TakeLast(MostSteps)) marks.Append(Sign(step), new Style(ColourOf(step)));
            table.AddRow(
                Cell($"{run.Agent} {run.Id}", run.HasFailed ? new Style(Color.Red) : Style.Plain), marks,
                Cell(run.LastStep), Cell($"{run.TotalMs / 1000:0.0} s, {run.ChangedAt.ToLocalTime():HH:mm:ss}", Dim));
        }

        return table;
    }

    private Table Events(int count)
    {
        var table = Table(string.Empty, "Time", "Event", "Position");
        foreach (var (e, isMissed) in _newest.Take(count))
        {
            table.AddRow(
                Cell(isMissed ? "↻" : " ", new Style(Color.Yellow)), Cell(e.Time.ToLocalTime().ToString("HH:mm:ss")),
                Cell(Words.Of(e), Words.IsAlarming(e) ? new Style(Color.Red) : Style.Plain), Cell(e.Position.ToString(), Dim));
        }

        return table;
    }

    private static Table Table(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Simple).BorderStyle(Dim).Expand();
        foreach (string column in columns) table.AddColumn(new TableColumn(new Text(column, Dim)).NoWrap());
        return table;
    }

    /// <summary>One line each, so that the screen's height is known.</summary>
    private static Text Cell(string text, Style? style = null) => new(text.ReplaceLineEndings(" "), style) { Overflow = Overflow.Ellipsis };

    private static string Sign(StepStatus status) => status switch { StepStatus.Succeeded => "✓", StepStatus.Failed => "✗", _ => "–" };

    private static Color ColourOf(StepStatus status) => status switch { StepStatus.Succeeded => Color.Green, StepStatus.Failed => Color.Red, _ => Color.Grey };
}

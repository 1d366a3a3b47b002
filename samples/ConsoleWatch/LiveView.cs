using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ConsoleWatch;

/// <summary>The newest events in a table under a line that tells the state and counts down to the next attempt.</summary>
internal sealed class LiveView(AgentEventsClient client, WatchSettings settings) : IWatchView
{
    private const int Frame = 6; // lines around the rows
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly LinkedList<AgentEvent> _newest = [];
    private long _count;
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

    public Task ShowAsync(AgentEvent e)
    {
        lock (_lock)
        {
            _count++;
            _newest.AddFirst(e);
            while (_newest.Count > 200) _newest.RemoveLast();
        }

        return Task.CompletedTask;
    }

    public void Note(string text)
    {
        lock (_lock) _note = text;
    }

    private IRenderable Render()
    {
        var status = client.Status;
        string colour = status.State switch
        {
            ConnectionState.Live => "green",
            ConnectionState.CatchingUp => "aqua",
            ConnectionState.Stopped => "red",
            _ => "yellow",
        };

        var table = new Table().Border(TableBorder.Rounded).Expand()
            .AddColumn("Time").AddColumn("Agent").AddColumn("Step").AddColumn(new TableColumn("Result").NoWrap()).AddColumn(new TableColumn("Position").NoWrap());
        long count;
        string? note;
        lock (_lock)
        {
            count = _count;
            note = _note;
            foreach (var e in _newest.Take(Math.Max(3, AnsiConsole.Profile.Height - Frame))) table.AddRow(Row(e));
        }

        var head = new Markup($"[bold {colour}]●[/] [bold]{Markup.Escape(settings.User)}[/] {Markup.Escape(Words.Of(status))}  [dim]{count} events, at {client.Position}[/]"
            + (note is null ? string.Empty : $"\n[yellow]{Markup.Escape(note)}[/]"));
        return new Rows(head, table);
    }

    private static IRenderable[] Row(AgentEvent e)
    {
        string time = e.Time.ToLocalTime().ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
        return e is AgentEvent<AgentStepCompleted> { Data: var step }
            ?
            [
                new Text(time), new Text(step.AgentName), new Text(step.StepName),
                step.Status switch
                {
                    StepStatus.Succeeded => new Markup($"[green]✓[/] {step.DurationMs:0} ms"),
                    StepStatus.Failed => new Markup($"[red]✗ {Markup.Escape(step.Error ?? "failed")}[/]"),
                    _ => new Markup("[dim]skipped[/]"),
                },
                new Text(e.Position.ToString(), new Style(decoration: Decoration.Dim)),
            ]
            :
            [
                new Text(time), new Text(string.Empty), new Text(Words.Of(e), Words.IsAlarming(e) ? new Style(Color.Red) : Style.Plain),
                new Text(string.Empty), new Text(e.Position.ToString(), new Style(decoration: Decoration.Dim)),
            ];
    }
}

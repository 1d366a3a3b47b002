using System.Collections.ObjectModel;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;

namespace FeedLibrary;

/// <summary>
/// What a window binds to. Everything here changes on the UI thread, while the connection lives on threads of its own: a UI that is busy
/// shows events later and loses neither the connection nor an event.
/// </summary>
public sealed class AgentFeed : IAsyncDisposable
{
    private readonly AgentEventsClient _client;
    private readonly SynchronizationContext _ui;

    /// <param name="options">Which stream, and how.</param>
    /// <param name="ui">The UI thread: SynchronizationContext.Current of WPF, Windows Forms or Avalonia.</param>
    public AgentFeed(AgentEventsClientOptions options, SynchronizationContext ui)
    {
        _ui = ui;
        _client = new AgentEventsClient(options);
        _client.On(ShowAsync);
        _client.StateChanged += (_, change) => _ui.Post(_ => SetStatus(change.Current), state: null);
    }

    /// <summary>Raised on the UI thread after <see cref="Status"/> has changed.</summary>
    public event EventHandler? StatusChanged;

    /// <summary>The events, oldest first. Only on the UI thread.</summary>
    public ObservableCollection<string> Lines { get; } = [];

    /// <summary>What the connection does, for a status bar. Only on the UI thread.</summary>
    public string Status { get; private set; } = string.Empty;

    public Task StartAsync(CancellationToken cancellationToken) => _client.StartAsync(cancellationToken);

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    /// <summary>Completes when the line is there, so that the cursor never passes an event that was not shown.</summary>
    private Task ShowAsync(AgentEvent agentEvent, CancellationToken cancellationToken) => _ui.RunAsync(() => Lines.Add(Describe(agentEvent)), cancellationToken);

    private void SetStatus(ConnectionStatus now)
    {
        Status = $"{now.State}: {now.Reason}";
        StatusChanged?.Invoke(this, EventArgs.Empty);
    }

    private static string Describe(AgentEvent agentEvent) => agentEvent switch
    {
        AgentEvent<AgentStepCompleted> { Data: var step } => $"{agentEvent.Position} {step.AgentName}: {step.StepName} ({step.Status})",
        AgentEvent<BriefingDelivered> { Data: var briefing } => $"{agentEvent.Position} briefing: {briefing.Title}, {briefing.ItemCount} items",
        _ => $"{agentEvent.Position} {agentEvent.Type}",
    };
}

using Realtime.Client;
using Realtime.Contracts;

namespace ConsoleWatch;

/// <summary>A line per event and per change of state, for files and pipes.</summary>
internal sealed class LineView : IWatchView
{
    private readonly AgentEventsClient _client;
    private readonly WatchSettings _settings;

    public LineView(AgentEventsClient client, WatchSettings settings)
    {
        _client = client;
        _settings = settings;
        client.StateChanged += (_, change) => Console.WriteLine($"-- {Words.Of(change.Current)}");
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine($"-- watching {_settings.User} at {_settings.Server}");
        try
        {
            await _client.StartAsync(cancellationToken);
            await _client.Completion.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.WriteLine("-- stopped");
        }
    }

    public Task ShowAsync(AgentEvent e)
    {
        Console.WriteLine($"{e.Position} {EventTime.Format(e.Time)} {Words.Of(e)}");
        return Task.CompletedTask;
    }

    public void Note(string text) => Console.WriteLine($"-- {text}");
}

using Realtime.Client;
using Realtime.Contracts;
using SampleTools;

namespace ConsoleWatch;

/// <summary>A line per event and per change of state, for files and pipes. Missed events are marked.</summary>
internal class LineView : IWatchView
{
    private readonly AgentEventsClient _client;
    private readonly SignIn _signIn;
    private int _missed;
    private bool _wasLive;

    public LineView(AgentEventsClient client, SignIn signIn)
    {
        (_client, _signIn) = (client, signIn);
        client.StateChanged += (_, change) =>
        {
            Note(Words.Of(change.Current));
            if (!_wasLive && Words.IsServerMissing(change.Current)) Note(signIn.NoServer + " Trying on.");
            _wasLive |= change.Current.State == ConnectionState.Live;
        };
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Note($"watching {_signIn.User} at {_signIn.Server}");
        try
        {
            await _client.StartAsync(cancellationToken);
            await _client.Completion.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Note($"stopped at {_client.Position}");
        }
    }

    public virtual Task ShowAsync(AgentEvent e, bool isMissed)
    {
        if (isMissed) _missed++;
        Console.WriteLine($"{(isMissed ? "missed " : string.Empty)}{e.Position} {EventTime.Format(e.Time)} {Words.Of(e)}");
        return Task.CompletedTask;
    }

    public virtual void HistoryLost(HistoryLostEventArgs lost) => Note(Words.Of(lost));

    public void CaughtUp()
    {
        int missed = Interlocked.Exchange(ref _missed, 0);
        if (missed > 0) Note($"caught up: {missed} missed events are above");
    }

    protected virtual void Note(string text) => Console.WriteLine($"-- {text}");
}

using System.Runtime.InteropServices;

namespace SampleTools;

/// <summary>Ctrl+C and SIGTERM as a token; the second one ends the process.</summary>
internal sealed class CtrlC : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _signals;

    public CtrlC() => _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(s => PosixSignalRegistration.Create(s, context =>
    {
        context.Cancel = !_source.IsCancellationRequested;
        _source.Cancel();
    }))];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        _source.Dispose();
    }
}

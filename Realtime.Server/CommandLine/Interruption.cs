using System.Runtime.InteropServices;

namespace Realtime.Server.CommandLine;

/// <summary>Ctrl+C and SIGTERM as a token, so that a command ends by itself and says how far it came. The second one ends the process.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private volatile int _exitCode;

    internal Interruption()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => OnSignal(context, CommandLine.ExitCode.Interrupted));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => OnSignal(context, CommandLine.ExitCode.Terminated));
    }

    internal CancellationToken Token => _source.Token;

    /// <summary>What to end with; 0 as long as nothing came.</summary>
    internal int ExitCode => _exitCode;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context, int exitCode)
    {
        if (_source.IsCancellationRequested) return;
        context.Cancel = true;
        _exitCode = exitCode;
        _source.Cancel();
    }
}

using System.Runtime.InteropServices;

namespace Realtime.Server.Draining;

/// <summary>
/// Hears the second SIGTERM or Ctrl+C, which ends the drain at once; the first is the host's business. Must begin to listen after the
/// host has: handlers of a signal run one after the other, the youngest first, and the host's own waits for the drain.
/// </summary>
internal sealed class StopSignals(Drain drain) : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];

    public void Listen()
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT })
            _registrations.Add(PosixSignalRegistration.Create(signal, _ => drain.Hurry()));
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }
}

using System.Diagnostics;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realtime.Server;

namespace Realtime.Tests.Support;

/// <summary>
/// What Program.cs has built, in this process, as it is before the start: the host tells of itself when it is built
/// (<c>HostBuilt</c> of the diagnostic listener <c>Microsoft.Extensions.Hosting</c>, which design tools use too), and the program goes no further.
/// </summary>
sealed class ProgramServices : IDisposable, IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    readonly AsyncLocal<bool> _isOurs = new(); // other tests build hosts at the same time
    readonly List<IDisposable> _subscriptions = [];
    IHost? _host;

    public static async Task<ProgramServices> OfAsync(params string[] arguments)
    {
        var program = new ProgramServices();
        try
        {
            program._isOurs.Value = true;
            program._subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(program));
            await Task.Run(() => typeof(RealtimeOptions).Assembly.EntryPoint!.Invoke(null, [arguments])).WithinDeadline();
        }
        catch (TargetInvocationException fault) when (fault.InnerException is HostAbortedException)
        {
            // as meant
        }

        if (program._host is null) throw new InvalidOperationException("The program built no host; what it wrote says why.");
        return program;
    }

    public T Of<T>() where T : notnull => _host!.Services.GetRequiredService<T>();

    public void Dispose()
    {
        _subscriptions.ForEach(s => s.Dispose());
        _host?.Dispose();
    }

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.Extensions.Hosting") _subscriptions.Add(value.Subscribe(this));
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Key != "HostBuilt" || !_isOurs.Value || _host is not null) return;
        _host = (IHost)value.Value!;
        throw new HostAbortedException();
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }
}

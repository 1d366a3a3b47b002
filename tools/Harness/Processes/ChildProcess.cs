using System.ComponentModel;
using System.Diagnostics;

namespace Realtime.Harness.Processes;

/// <summary>
/// A child that cannot outlive this process: <c>setpriv</c> (util-linux) asks the kernel to signal it when its parent
/// dies, and then becomes the child, so that the process id is the child's own. setpriv changes the account first,
/// which matters: a change of account clears the request.
/// </summary>
sealed class ChildProcess : IAsyncDisposable
{
    static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(10);
    static readonly Lazy<string?> SetPriv = new(FindSetPriv);

    readonly Process _process;
    readonly TaskCompletionSource _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    ChildProcess(Process process, int outputCapacity)
    {
        _process = process;
        Output = new OutputLines(outputCapacity);
        process.Exited += (_, _) => _exited.TrySetResult();
        process.OutputDataReceived += (_, e) => Keep(e.Data);
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
    }

    internal int Id => _process.Id;
    internal bool HasExited => _process.HasExited;
    internal OutputLines Output { get; }

    internal static async Task<ChildProcess> StartAsync(ChildProcessStart start)
    {
        var child = new ChildProcess(new Process { StartInfo = ToStartInfo(start), EnableRaisingEvents = true }, start.OutputCapacity);
        await SpawnerThread.StartAsync(child._process);
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        try
        {
            await child._process.StandardInput.WriteAsync(start.Input);
            child._process.StandardInput.Close();
        }
        catch (IOException) when (child.HasExited || start.Input.Length == 0)
        {
            // It ended without reading; its exit code and output say why.
        }
        return child;
    }

    /// <summary>Runs a tool to its end and returns what it wrote.</summary>
    /// <exception cref="HarnessException">It failed or took too long; the message carries its output.</exception>
    internal static async Task<string> RunAsync(ChildProcessStart start, TimeSpan deadline, CancellationToken ct)
    {
        await using var child = await StartAsync(start with { OutputCapacity = 100_000 });
        var exitCode = await child.WaitForExitAsync(deadline, ct);
        var output = string.Join('\n', child.Output.Snapshot());
        return exitCode == 0 ? output : throw new HarnessException($"{Path.GetFileName(start.FileName)} failed with exit code {exitCode}:\n{output}");
    }

    internal void Send(Signal signal)
    {
        // Its number may already belong to somebody else.
        if (!HasExited)
            Signals.Send(Id, signal);
    }

    /// <summary>Waits for the end of the process and of its output; returns the exit code (128 + signal when killed).</summary>
    internal async Task<int> WaitForExitAsync(TimeSpan deadline, CancellationToken ct = default)
    {
        try
        {
            await _exited.Task.WaitAsync(deadline, ct);
        }
        catch (TimeoutException e)
        {
            throw new HarnessException($"{_process.StartInfo.FileName} (process {Id}) did not end within {deadline}. Its last lines:\n{Output.Last(20)}", e);
        }
        using var grace = CancellationTokenSource.CreateLinkedTokenSource(ct);
        grace.CancelAfter(OutputGrace);
        try
        {
            await _process.WaitForExitAsync(grace.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // A grandchild still holds the pipe; the lines read so far must do.
        }
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Send(Signal.Kill);
        await WaitForExitAsync(TimeSpan.FromSeconds(30));
        _process.Dispose();
    }

    void Keep(string? line)
    {
        if (line is not null)
            Output.Add(line);
    }

    static ProcessStartInfo ToStartInfo(ChildProcessStart start)
    {
        List<string> command = [.. Prefix(start), start.FileName, .. start.Arguments];
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = start.WorkingDirectory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in start.Environment)
        {
            if (value is null)
                info.Environment.Remove(name);
            else
                info.Environment[name] = value;
        }
        return info;
    }

    static IEnumerable<string> Prefix(ChildProcessStart start)
    {
        if (SetPriv.Value is { } setPriv)
        {
            string[] account = start.Account is { } name ? ["--reuid", name, "--regid", name, "--init-groups"] : [];
            return [setPriv, .. account, "--pdeathsig", ToName(start.OnParentDeath), "--"];
        }
        return start.Account is { } user ? ["runuser", "-u", user, "--"] : [];
    }

    static string ToName(Signal signal) => signal switch
    {
        Signal.Quit => "QUIT",
        Signal.Kill => "KILL",
        _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, "Not a signal that ends a child for sure."),
    };

    /// <summary>Null where it is missing or too old to know the option; children then rely on dispose alone.</summary>
    static string? FindSetPriv()
    {
        if (Executables.FindOnPath("setpriv") is not { } path)
            return null;
        try
        {
            using var trial = Process.Start(new ProcessStartInfo(path, ["--pdeathsig", "KILL", "--", "true"]) { UseShellExecute = false, RedirectStandardError = true });
            trial!.WaitForExit();
            return trial.ExitCode == 0 ? path : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}

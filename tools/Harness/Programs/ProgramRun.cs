using Realtime.Harness.Processes;

namespace Realtime.Harness;

/// <summary>A program of this working copy, or any other, in a process of its own; it dies with its owner.</summary>
public sealed class ProgramRun : IAsyncDisposable
{
    readonly ChildProcess _process;

    ProgramRun(ChildProcess process) => _process = process;

    /// <summary>The newest lines of standard output and error.</summary>
    public IReadOnlyList<string> Output => _process.Output.Snapshot();

    /// <summary>Process id; another's after it has ended.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts a built project of this working copy.</summary>
    /// <param name="projectFolder">For example <c>samples/AgentWorker</c>; its assembly has the folder's name.</param>
    /// <param name="arguments">Command line.</param>
    public static Task<ProgramRun> StartProjectAsync(string projectFolder, params IReadOnlyList<string> arguments) =>
        StartProjectAsync(projectFolder, Path.GetFileName(projectFolder) + ".dll", arguments, input: "");

    /// <summary>Starts a built project whose assembly is not named like its folder.</summary>
    /// <param name="projectFolder">For example <c>benchmarks</c>.</param>
    /// <param name="assemblyName">File name of the assembly.</param>
    /// <param name="arguments">Command line.</param>
    /// <param name="input">Its standard input.</param>
    public static Task<ProgramRun> StartProjectAsync(string projectFolder, string assemblyName, IReadOnlyList<string> arguments, string input = "")
    {
        var assembly = RepositoryPaths.BuiltAssembly(projectFolder, assemblyName);
        return File.Exists(assembly)
            ? StartAsync("dotnet", [assembly, .. arguments], input: input)
            : throw new HarnessException($"{assembly} does not exist. Build it with: dotnet build -c {RepositoryPaths.Configuration}");
    }

    /// <summary>Starts a program.</summary>
    /// <param name="fileName">Its path, or its name on the PATH.</param>
    /// <param name="arguments">Command line.</param>
    /// <param name="workingDirectory">By default the working copy's top folder.</param>
    /// <param name="input">Its standard input.</param>
    public static async Task<ProgramRun> StartAsync(string fileName, IReadOnlyList<string> arguments, string? workingDirectory = null, string input = "")
    {
        var path = Path.IsPathRooted(fileName) ? fileName : Executables.FindOnPath(fileName) ?? throw new HarnessException($"{fileName} is not on the PATH.");
        return new ProgramRun(await ChildProcess.StartAsync(new ChildProcessStart(path, arguments) { WorkingDirectory = workingDirectory ?? RepositoryPaths.Root, Input = input }));
    }

    /// <summary>Waits for its end; returns the exit code.</summary>
    /// <exception cref="HarnessException">It did not end in time; the message carries its last lines.</exception>
    public Task<int> WaitForExitAsync(TimeSpan deadline, CancellationToken ct = default) => _process.WaitForExitAsync(deadline, ct);

    /// <summary>SIGINT, as Ctrl+C sends it.</summary>
    public void Interrupt() => _process.Send(Signal.Interrupt);

    /// <summary>Kills it.</summary>
    public ValueTask DisposeAsync() => _process.DisposeAsync();
}

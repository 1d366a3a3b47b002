using System.Globalization;
using System.Text.RegularExpressions;
using Realtime.Chaos.Records;
using Realtime.Harness;
using Realtime.Harness.Processes;

namespace Realtime.Chaos.Clients;

/// <summary>
/// One client process over all its runs: its folder, its way to the cluster, and what it has written so far. One caller at a
/// time starts or ends it; what it has written may be asked by anyone.
/// </summary>
sealed class ClientProcess : IAsyncDisposable
{
    static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(30);

    readonly ClientProgram _program;
    readonly string _folder;
    readonly ClientSettings _settings;
    readonly List<RecordFile> _files = [];
    readonly Lock _gate = new();
    ChildProcess? _process;

    internal ClientProcess(string name, ClientProgram program, string folder, IReadOnlyList<string> users, CuttableProxy proxy, string secret, TimeSpan tokenLife)
    {
        Name = name;
        Users = users;
        Proxy = proxy;
        _program = program;
        _folder = folder;
        Directory.CreateDirectory(Path.Combine(folder, "cursors"));
        _settings = new()
        {
            ServerUrl = $"http://{proxy.Endpoint}",
            Users = users,
            RecordFile = "",
            CursorFolder = Path.Combine(folder, "cursors"),
            ControlFile = Path.Combine(folder, "control.json"),
            Secret = secret,
            TokenSeconds = tokenLife.TotalSeconds,
        };
        Suffer(new());
    }

    internal string Name { get; }

    internal IReadOnlyList<string> Users { get; }

    /// <summary>Between this process and the cluster.</summary>
    internal CuttableProxy Proxy { get; }

    internal bool IsRunning => _process is { HasExited: false };

    internal void Suffer(ClientControl control) => control.WriteTo(_settings.ControlFile);

    internal async Task StartAsync()
    {
        RecordFile file;
        lock (_gate)
            file = new(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"run-{_files.Count + 1}.log")));
        var settingsFile = Path.Combine(_folder, "settings.json");
        (_settings with { RecordFile = file.Path }).WriteTo(settingsFile);
        lock (_gate)
            _files.Add(file);
        _process = await ChildProcess.StartAsync(new(_program.FileName, [.. _program.Arguments, settingsFile]) { WorkingDirectory = _folder });
    }

    /// <summary>SIGKILL.</summary>
    internal async Task KillAsync()
    {
        if (_process is not { } process)
            return;
        if (process.HasExited)
            await KeepOutputAsync(process);
        await process.DisposeAsync();
        _process = null;
    }

    /// <summary>SIGTERM; returns what is wrong with its end, or null.</summary>
    internal async Task<string?> TerminateAsync()
    {
        if (_process is not { } process)
            return "it did not run";
        process.Send(Signal.Terminate);
        var exitCode = await process.WaitForExitAsync(EndPatience);
        if (exitCode != 0)
            await KeepOutputAsync(process);
        _process = null;
        await process.DisposeAsync();
        return exitCode == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"it ended with exit code {exitCode}");
    }

    /// <summary>Up to which sequence the client has got, 0 when it has not begun.</summary>
    internal long ReachedBy(string user)
    {
        lock (_gate)
        {
            foreach (var file in _files)
                file.ReadOn();
            return _files.Select(file => file.Reached.GetValueOrDefault(user)).DefaultIfEmpty().Max();
        }
    }

    /// <summary>Whether every client of the present run has a start position.</summary>
    internal bool HasBegun
    {
        get
        {
            lock (_gate)
            {
                if (_files.Count == 0)
                    return false;
                _files[^1].ReadOn();
                return Users.All(_files[^1].Reached.ContainsKey);
            }
        }
    }

    /// <summary>Events that hung in the present run.</summary>
    internal int HeldEvents
    {
        get
        {
            lock (_gate)
            {
                _files[^1].ReadOn();
                return _files[^1].HeldEvents;
            }
        }
    }

    /// <summary>The sequence of the cursor in its file; null when there is none.</summary>
    internal long? SavedCursorOf(string user)
    {
        var path = Path.Combine(_settings.CursorFolder, user + ".json");
        return File.Exists(path) && Regex.Match(File.ReadAllText(path), "\"position\":\\s*\"[a-z0-9]+\\.(?<sequence>[0-9]+)\"", RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1)) is { Success: true } match
            ? long.Parse(match.Groups["sequence"].Value, CultureInfo.InvariantCulture) : null;
    }

    /// <summary>Everything written, run by run.</summary>
    internal IEnumerable<ClientRun> Runs()
    {
        for (var i = 0; i < _files.Count; i++)
            if (File.Exists(_files[i].Path))
                yield return new(Name, i + 1, RecordLines.ReadFile(_files[i].Path));
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await Proxy.DisposeAsync();
    }

    Task KeepOutputAsync(ChildProcess process) =>
        File.AppendAllTextAsync(Path.Combine(_folder, "output.log"), string.Join('\n', process.Output.Snapshot()) + "\n");
}

/// <summary>How to start a client process: the program, and its words before the path of the settings.</summary>
sealed record ClientProgram(string FileName, IReadOnlyList<string> Arguments);

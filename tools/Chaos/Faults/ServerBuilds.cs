namespace Realtime.Chaos.Faults;

/// <summary>Two builds of the server that take turns.</summary>
sealed class ServerBuilds(string present, string newer)
{
    bool _isNewer;

    /// <summary>The one that does not run now; from now on it does.</summary>
    internal string Other()
    {
        _isNewer = !_isNewer;
        return _isNewer ? newer : present;
    }
}

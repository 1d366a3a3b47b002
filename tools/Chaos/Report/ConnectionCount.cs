using Realtime.Chaos.Records;

namespace Realtime.Chaos.Report;

/// <summary>How often clients connected, and how many tokens they used for that, for requests and for staying connected.</summary>
/// <param name="Opened">Connections opened, the first of each client included.</param>
/// <param name="TokensMade">Tokens made for all clients.</param>
sealed record ConnectionCount(int Opened, int TokensMade)
{
    internal static ConnectionCount Of(IEnumerable<ClientRun> runs)
    {
        var records = runs.SelectMany(run => run.Records).ToList();
        return new(records.Count(r => r is ClientRecord.Connected), records.Count(r => r is ClientRecord.TokenMade));
    }
}

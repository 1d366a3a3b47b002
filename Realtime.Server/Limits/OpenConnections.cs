using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Server.Api;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Limits;

/// <summary>
/// Counts the open connections of this node and of each of its users, and refuses what is beyond the limits. A user without a
/// connection takes no room. Thread-safe.
/// </summary>
internal sealed class OpenConnections(IOptions<RealtimeOptions> options, ServerMetrics metrics, LimitReports reports, Func<double> jitter)
{
    private const int ShortestWait = 5;
    private readonly ConcurrentDictionary<string, int> _byUser = new(StringComparer.Ordinal);
    private readonly int _mostOfUser = OrNoLimit(options.Value.MaxConnectionsPerUser);
    private readonly int _most = OrNoLimit(options.Value.MaxConnections);
    private int _all;

    /// <summary>Counts one connection more, to be followed by <see cref="Leave"/> when nothing is returned.</summary>
    /// <returns>The refusal, if there is no room.</returns>
    public Problem? Enter(string userId)
    {
        if (!TryEnter(userId)) return UserIsFull(userId);
        if (Interlocked.Increment(ref _all) > _most)
        {
            Leave(userId);
            return NodeIsFull(userId);
        }

        metrics.ConnectionOpened();
        return null;
    }

    /// <summary>Whether there is room now, without taking it.</summary>
    /// <returns>The refusal, if there is none.</returns>
    public Problem? Ask(string userId)
    {
        if (_byUser.TryGetValue(userId, out int open) && open >= _mostOfUser) return UserIsFull(userId);
        return Volatile.Read(ref _all) >= _most ? NodeIsFull(userId) : null;
    }

    /// <summary>A counted connection has ended.</summary>
    public void Left(string userId)
    {
        Leave(userId);
        metrics.ConnectionClosed();
    }

    private static int OrNoLimit(int limit) => limit == 0 ? int.MaxValue : limit;

    private bool TryEnter(string userId)
    {
        while (true)
        {
            if (!_byUser.TryGetValue(userId, out int open))
            {
                if (_byUser.TryAdd(userId, 1)) return true;
            }
            else if (open >= _mostOfUser)
            {
                return false;
            }
            else if (_byUser.TryUpdate(userId, open + 1, open))
            {
                return true;
            }
        }
    }

    private void Leave(string userId)
    {
        Interlocked.Decrement(ref _all);
        while (_byUser.TryGetValue(userId, out int open))
        {
            if (open == 1 ? _byUser.TryRemove(new(userId, open)) : _byUser.TryUpdate(userId, open - 1, open)) return;
        }
    }

    private Problem UserIsFull(string userId)
    {
        reports.Reached(Limit.ConnectionsOfUser, userId);
        return Problem.Limited(
            StatusCodes.Status429TooManyRequests, ProblemTypes.TooManyConnections, "This user has too many connections to this node.", Limit.ConnectionsOfUser.Name(), Wait());
    }

    private Problem NodeIsFull(string userId)
    {
        reports.Reached(Limit.ConnectionsOfNode, userId);
        return Problem.Limited(
            StatusCodes.Status503ServiceUnavailable, ProblemTypes.NodeFull, "This node has no room for another connection.", Limit.ConnectionsOfNode.Name(), Wait());
    }

    /// <summary>Somebody has to leave first, and nobody knows when.</summary>
    private int Wait() => ComeBack.Between(ShortestWait, ComeBack.LongestSeconds / 2, jitter);
}

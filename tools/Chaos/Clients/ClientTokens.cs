using Realtime.Chaos.Cluster;
using Realtime.Chaos.Records;

namespace Realtime.Chaos.Clients;

/// <summary>The token provider of one client: caches, renews a little early, and fails when it is told to. Thread-safe.</summary>
sealed class ClientTokens(ClientSettings settings, string user, ClientSuffering suffering, RecordLog log)
{
    readonly Lock _gate = new();
    readonly TimeSpan _life = TimeSpan.FromSeconds(settings.TokenSeconds);
    string? _token;
    DateTimeOffset _goodUntil;

    internal ValueTask<string> GetAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        lock (_gate)
        {
            switch (suffering.Current.Tokens)
            {
                case "none":
                    throw new InvalidOperationException("The identity provider does not answer.");
                case "expired":
                    return new(ChaosTokens.Create(settings.Secret, user, TimeSpan.FromMinutes(-1)));
            }
            if (_token is null || DateTimeOffset.UtcNow >= _goodUntil)
            {
                _token = ChaosTokens.Create(settings.Secret, user, _life);
                _goodUntil = DateTimeOffset.UtcNow + _life * 0.5;
                log.Write(new ClientRecord.TokenMade(user));
            }
            return new(_token);
        }
    }
}

using Microsoft.Extensions.Options;
using Npgsql;
using Realtime.Server.EventStore;
using Realtime.Server.Telemetry;

namespace Realtime.Server.FanOut;

/// <summary>
/// What the nodes sign with: the configured key, else a secret of the event store, which all of them share and Redis does not
/// know. The store's is read again once a minute, so that its owner can renew it while servers run. Thread-safe.
/// </summary>
internal sealed class BackplaneSecrets
{
    private static readonly TimeSpan ReadInterval = TimeSpan.FromMinutes(1);

    private readonly PostgresDatabase _database;
    private readonly TimeProvider _time;
    private readonly ILogger<BackplaneSecrets> _logger;
    private readonly bool _isConfigured;
    private volatile ShardSeal? _seal;
    private List<byte[]> _known = [];
    private Task _reading = Task.CompletedTask;
    private long _readAt;

    public BackplaneSecrets(IOptions<RealtimeOptions> options, PostgresDatabase database, TimeProvider time, ILogger<BackplaneSecrets> logger)
    {
        (_database, _time, _logger) = (database, time, logger);
        if (options.Value.BackplaneKey is not { Length: > 0 } key) return;
        string?[] keys = [key, options.Value.PreviousBackplaneKey];
        _seal = new ShardSeal(keys.Where(k => !string.IsNullOrEmpty(k)).Select(k => Convert.FromBase64String(k!)));
        _isConfigured = true;
    }

    /// <summary>Signs and checks; <see langword="null"/> as long as the store has not answered for the first time.</summary>
    public ShardSeal? Seal => _seal;

    /// <summary>Reads the store's secrets when it is time to; one caller. Never throws, and waits only for the first answer: a store that stalls must not hold up the nonces.</summary>
    public Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (_isConfigured) return Task.CompletedTask;
        if (_reading.IsCompleted && (_seal is null || _time.GetElapsedTime(_readAt) >= ReadInterval))
        {
            _readAt = _time.GetTimestamp();
            _reading = ReadAsync(cancellationToken);
        }

        return _seal is null ? _reading : Task.CompletedTask;
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var secrets = await _database.RunAsync("read the backplane's secrets", connection => ReadAsync(connection, cancellationToken), cancellationToken);
            if (secrets.Count == 0 || (_seal is not null && secrets.Count == _known.Count && secrets.Zip(_known).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)))) return;
            (_known, _seal) = (secrets, new ShardSeal(secrets));
        }
        catch (Exception fault)
        {
            // Whatever the store throws, the keys that are known go on, and the next tick or minute asks again.
            if (!cancellationToken.IsCancellationRequested) ServerLog.BackplaneSecretsNotRead(_logger, fault);
        }
    }

    private static async Task<List<byte[]>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select * from realtime.read_backplane_secrets()", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var secrets = new List<byte[]>();
        while (await reader.ReadAsync(cancellationToken)) secrets.Add(reader.GetFieldValue<byte[]>(0));
        return secrets;
    }
}

using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Auth;

/// <summary>
/// The signing keys of the token authority. Stands in for the framework's manager, which refuses the first token of a new key, looks
/// no second time within five minutes, and trusts a withdrawn key for hours. Here a request whose token names a key that is not known
/// waits for one fetch, shared by all who wait and at most one every <see cref="Spacing"/>, and is judged then. A token that cannot be
/// judged, because the authority does not answer, is answered "unavailable" and never "invalid". Thread-safe.
/// </summary>
/// <remarks><see cref="AuthorityRefresh"/> is the only one that fetches.</remarks>
internal sealed class AuthorityKeys : BaseConfigurationManager, IConfigurationManager<OpenIdConnectConfiguration>
{
    /// <summary>Least time between two fetches that requests ask for: tokens with made-up keys must not become a flood at the authority.</summary>
    internal static readonly TimeSpan Spacing = TimeSpan.FromSeconds(5);

    /// <summary>How long keys count when the authority cannot be asked again: a withdrawn one must end being trusted some day.</summary>
    internal static readonly TimeSpan LongestTrust = TimeSpan.FromHours(24);

    /// <summary>Most requests that wait for a fetch at once; what comes on top is told to come again.</summary>
    internal const int MaxWaiting = 1_000;

    private static readonly TimeSpan FetchLimit = TimeSpan.FromSeconds(10);

    /// <summary>Of a request: until the next fetch may begin, and an answer that is not too slow.</summary>
    private static readonly TimeSpan Patience = Spacing + TimeSpan.FromSeconds(3);

    private readonly TimeProvider _time;
    private readonly ValidatedTokens _validated;
    private readonly ServerMetrics _metrics;
    private readonly Lock _lock = new();
    private TaskCompletionSource _asked = NewSignal();
    private TaskCompletionSource<bool> _next = NewFetch();
    private Task<bool>? _running;
    private int _waiting;
    private volatile Source? _source;
    private volatile KeySet? _keys;
    private volatile bool _hasFailed; // the last fetch, if there was one

    public AuthorityKeys(TimeProvider time, ValidatedTokens validated, ServerMetrics metrics)
    {
        _time = time;
        _validated = validated;
        _metrics = metrics;
        UseLastKnownGoodConfiguration = false; // it would accept withdrawn keys
    }

    /// <summary>Where the keys come from; <see langword="null"/> when they are configured, or the host manages them.</summary>
    public string? Address => _source?.Address;

    /// <summary>Whether tokens of the authority can be judged.</summary>
    public bool IsReady => Current is not null;

    /// <summary>When the keys were fetched last.</summary>
    public DateTimeOffset? FetchedAt => _keys?.FetchedAt;

    private KeySet? Current => _keys is { } keys && _time.GetUtcNow() - keys.FetchedAt < LongestTrust ? keys : null;

    /// <summary>Names the authority.</summary>
    /// <param name="address">Its discovery document.</param>
    /// <param name="documents">Fetches documents.</param>
    /// <param name="configured">Keys that are trusted whatever the authority says.</param>
    public void Use(string address, IDocumentRetriever documents, IEnumerable<SecurityKey> configured) =>
        _source = new Source(address, documents, [.. configured.Select(key => key.KeyId).Where(id => !string.IsNullOrEmpty(id))]);

    /// <summary>Whether a token can be judged now; fetches the keys before it answers when the token names one that is not known.</summary>
    public ValueTask<bool> CanJudgeAsync(string token, CancellationToken cancellationToken)
    {
        if (_source is not { } source) return new(true);
        string? keyId = TokenHeader.KeyIdOf(token);
        if (keyId is not null && source.Configured.Contains(keyId)) return new(true);
        if (MayJudge(keyId)) return new(true);
        if (Current is null && _hasFailed)
        {
            _ = Ask(); // nobody waits for an authority that does not answer: the request is told so at once
            return new(false);
        }

        return new(LearnAsync(keyId, cancellationToken));
    }

    public Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel) => Current is { } keys
        ? Task.FromResult(keys.Configuration)
        : Task.FromException<OpenIdConnectConfiguration>(new AuthorityUnavailableException($"The keys of {Address} are not known."));

    public override async Task<BaseConfiguration> GetBaseConfigurationAsync(CancellationToken cancel) => await GetConfigurationAsync(cancel);

    /// <summary>Nothing: whoever validates has asked <see cref="CanJudgeAsync"/> before.</summary>
    public override void RequestRefresh()
    {
    }

    /// <summary>Completes when somebody needs keys before the next regular fetch.</summary>
    internal Task WhenAsked()
    {
        lock (_lock) return _asked.Task;
    }

    /// <summary>Fetches the keys. One call at a time.</summary>
    /// <returns>How many there are.</returns>
    internal async Task<int> FetchAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<bool> fetch;
        lock (_lock)
        {
            fetch = _next;
            _running = fetch.Task;
            _next = NewFetch();
            _asked = NewSignal();
        }

        bool isFetched = false;
        try
        {
            var source = _source ?? throw new InvalidOperationException("There is no token authority.");
            using var limit = new CancellationTokenSource(FetchLimit, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            var configuration = await OpenIdConnectConfigurationRetriever.GetAsync(source.Address, source.Documents, either.Token);
            if (configuration.SigningKeys.Count == 0) throw new InvalidOperationException("The authority publishes no signing key.");
            Take(new KeySet(configuration, _time.GetUtcNow()));
            isFetched = true;
            return configuration.SigningKeys.Count;
        }
        finally
        {
            lock (_lock) _running = null;
            _hasFailed = !isFetched;
            _metrics.AuthorityFetched(isFetched);
            fetch.SetResult(isFetched);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TaskCompletionSource<bool> NewFetch() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was validated by a key that is gone must be validated again, and will fail.</summary>
    private void Take(KeySet keys)
    {
        var before = _keys;
        _keys = keys;
        if (before is not null && !keys.Holds(before)) _validated.Clear();
    }

    private bool MayJudge(string? keyId) => Current is { } keys && (keyId is null || keys.MayKnow(keyId));

    private Task<bool> Ask()
    {
        lock (_lock)
        {
            _asked.TrySetResult();
            return _next.Task;
        }
    }

    /// <summary>
    /// A fetch that is under way may bring the key, so it is awaited first; if it does not, one that begins later decides.
    /// </summary>
    private async Task<bool> LearnAsync(string? keyId, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > MaxWaiting) return false;
            Task<bool>? running;
            lock (_lock) running = _running;
            if (running is not null) await running.WaitAsync(Patience, _time, cancellationToken);
            if (MayJudge(keyId)) return true;
            return await Ask().WaitAsync(Patience, _time, cancellationToken);
        }
        catch (Exception over) when (over is TimeoutException or OperationCanceledException)
        {
            return false; // it took too long, or nobody waits for the answer any more
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private sealed record Source(string Address, IDocumentRetriever Documents, HashSet<string> Configured);

    /// <summary>What one fetch has brought.</summary>
    private sealed class KeySet(OpenIdConnectConfiguration configuration, DateTimeOffset fetchedAt)
    {
        private readonly HashSet<string> _ids = [.. configuration.SigningKeys.Select(key => key.KeyId ?? string.Empty)];
        private readonly HashSet<string> _contents = [.. (configuration.JsonWebKeySet?.Keys ?? []).Select(ContentOf)];

        public OpenIdConnectConfiguration Configuration => configuration;

        public DateTimeOffset FetchedAt => fetchedAt;

        /// <summary>Also when a key has no name: it could be the one.</summary>
        public bool MayKnow(string keyId) => _ids.Contains(keyId) || _ids.Contains(string.Empty);

        /// <summary>Whether every key of an older set is still there.</summary>
        public bool Holds(KeySet older) => _contents.IsSupersetOf(older._contents);

        private static string ContentOf(JsonWebKey key) => string.Join(' ', key.Kid, key.Kty, key.N, key.E, key.Crv, key.X, key.Y, string.Concat(key.X5c));
    }
}

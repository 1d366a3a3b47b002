using Realtime.Harness;

namespace Realtime.Tests.Support;

/// <summary>Tests of several nodes on one empty database, with a Redis of each test's own, which the test may take away.</summary>
public abstract class OwnRedisTests
{
    private protected const string User = "user_42";
    private protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private protected readonly TestTokens _tokens = TestTokens.Hmac();
    private protected Dictionary<string, string?> _settings = null!;
    private protected RedisServer _redis = null!;

    [SetUp]
    public async Task StartRedis()
    {
        _redis = await RedisServer.StartAsync().WithinDeadline(TimeSpan.FromSeconds(30));
        _settings = new()
        {
            ["ConnectionStrings:Postgres"] = await Shared.CreateDatabaseAsync(),
            ["ConnectionStrings:Redis"] = _redis.ConnectionString,
        };
    }

    [TearDown]
    public async Task StopRedis() => await _redis.DisposeAsync();

    [OneTimeTearDown]
    public void DisposeTokens() => _tokens.Dispose();
}

using System.Net.Http.Headers;
using Realtime.Client.Testing;

namespace Realtime.Tests.Support;

/// <summary>
/// A server that speaks the wire contract. Tests of the contract run against each kind of them: what an application's authors test against
/// must behave as what they deploy against.
/// </summary>
public abstract class ContractServer : IAsyncDisposable
{
    internal abstract Uri Address { get; }

    internal abstract Task StartAsync();

    internal abstract string CreateToken(string user, TimeSpan lifetime, params string[] scopes);

    internal string CreateToken(string user, params string[] scopes) => CreateToken(user, TimeSpan.FromHours(1), scopes);

    /// <summary>Calls with a token of this user.</summary>
    internal HttpClient ClientFor(string user, params string[] scopes) => new()
    {
        BaseAddress = Address,
        Timeout = TimeSpan.FromSeconds(30),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", CreateToken(user, scopes)) },
    };

    public abstract ValueTask DisposeAsync();
}

/// <summary>The product, with its embedded store. The head check is kept out, which may push once more what is on its way.</summary>
public sealed class RealServer : ContractServer
{
    RealtimeHost _host = null!;

    internal override Uri Address => _host.Address;

    internal override async Task StartAsync() => _host = await RealtimeHost.StartAsync(
        new Dictionary<string, string?> { ["Realtime:HeadCheckInterval"] = "00:01:00", ["Realtime:PublishTimeout"] = "00:01:00" });

    internal override string CreateToken(string user, TimeSpan lifetime, params string[] scopes) =>
        _host.Tokens.Create(new TokenClaims { Subject = user, ExpiresIn = lifetime, Scopes = scopes });

    public override ValueTask DisposeAsync() => _host.DisposeAsync();
}

/// <summary>The one that applications test against.</summary>
public sealed class ServerForTests : ContractServer
{
    AgentEventsTestServer _server = null!;

    internal override Uri Address => _server.Url;

    internal override async Task StartAsync() => _server = await AgentEventsTestServer.StartAsync().WithinDeadline();

    internal override string CreateToken(string user, TimeSpan lifetime, params string[] scopes) => _server.CreateToken(user, lifetime, scopes);

    public override ValueTask DisposeAsync() => _server.DisposeAsync();
}

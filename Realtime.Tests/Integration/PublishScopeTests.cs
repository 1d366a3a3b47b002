using System.Net;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>The ways in which identity providers write the scope that publishing needs.</summary>
[Category("Integration")]
public sealed class PublishScopeTests
{
    RealtimeHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await RealtimeHost.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [TestCase("events:publish", HttpStatusCode.Created)]
    [TestCase("other events:publish more", HttpStatusCode.Created)]
    [TestCase("other events:publisher", HttpStatusCode.Forbidden)]
    public async Task Scopes_may_come_as_one_text(string scope, HttpStatusCode status)
    {
        using var publisher = _host.ClientWith(_host.Tokens.Create(new TokenClaims { Subject = "w", Scopes = [scope] }));

        (await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step("scoped")))).StatusCode.Should().Be(status);
    }

    [TestCase("scp")]
    [TestCase("permissions")]
    [TestCase("roles")]
    public async Task Scopes_may_come_as_an_array(string claim)
    {
        using var publisher = _host.ClientWith(_host.Tokens.Create(new TokenClaims { Subject = "w", Scopes = ["a", Scopes.Publish], ScopeClaim = claim }));

        (await publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step("scoped")))).StatusCode.Should().Be(HttpStatusCode.Created);
    }
}

using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Closed unless opened on purpose.</summary>
[Category("Integration")]
internal sealed class EndpointAccessTests
{
    private static readonly string[] ForEverybody = ["/health/live", "/health/ready"];

    [Test]
    public async Task Every_endpoint_demands_a_token_but_those_that_are_meant_for_everybody()
    {
        await using var host = await RealtimeHost.StartAsync();

        var endpoints = host.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().ToList();

        endpoints.Should().HaveCountGreaterThan(8);
        endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is not null && e.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is null)
            .Select(e => e.RoutePattern.RawText).Should().BeEquivalentTo(ForEverybody, "the page's own files hold no data and need no token");
        endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null && e.Metadata.GetMetadata<IAuthorizeData>()?.Policy is null)
            .Select(e => e.DisplayName).Should().BeEmpty("what nobody opened is closed by a policy of its own");
    }
}

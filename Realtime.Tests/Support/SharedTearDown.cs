using Realtime.Tests.Support;

// In the root namespace of the tests, so that it runs after all of them.
namespace Realtime.Tests;

[SetUpFixture]
public sealed class SharedTearDown
{
    [OneTimeTearDown]
    public Task StopSharedServers() => Deadline.Of(Shared.StopAsync(), TimeSpan.FromSeconds(60));
}

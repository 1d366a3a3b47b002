using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;

namespace Realtime.ClientBenchmarks;

internal static class ClientSetup
{
    public static AgentEventsClientOptions Options(bool isTyped) => new AgentEventsClientOptions
    {
        ServerUrl = new Uri("https://realtime.example.com"),
        UserId = "user_42",
        AccessTokenProvider = _ => throw new InvalidOperationException("Nothing here needs a token."),
        EventTypes = isTyped ? EventTypes.CreateDefault() : new EventTypes(),
        LiveBufferCapacity = 10 * Pushes.Count,
        StartFrom = StartFrom.After(new StreamPosition("k3f9", 0)),
    }.Validated();
}

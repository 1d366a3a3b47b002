using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Realtime.Client.Hosting;

/// <summary>What a composition root said about one client. Written while services are registered, only read afterwards.</summary>
internal sealed class ClientRegistration(string name)
{
    private readonly List<Action<AgentEventsClient, IServiceProvider, AgentEventsClientOptions>> _setUp = [];

    public string Name => name;

    public bool HasName => name.Length > 0;

    /// <summary>Whether the host stops when an error has ended the client.</summary>
    public bool StopsHost { get; set; }

    /// <summary>The registration of that name, if there is one.</summary>
    public static ClientRegistration? Find(IServiceCollection services, string name) => services
        .Where(service => service.ServiceType == typeof(ClientRegistration))
        .Select(service => (ClientRegistration)service.ImplementationInstance!)
        .FirstOrDefault(client => string.Equals(client.Name, name, StringComparison.Ordinal));

    /// <summary>Runs when the client has been created, before it starts.</summary>
    public void SetUp(Action<AgentEventsClient, IServiceProvider, AgentEventsClientOptions> step) => _setUp.Add(step);

    /// <summary>Makes the client; it is not started.</summary>
    /// <exception cref="OptionsValidationException">An option is missing or wrong.</exception>
    public AgentEventsClient Create(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptionsMonitor<AgentEventsClientOptions>>().Get(name);
        var client = new AgentEventsClient(options);
        foreach (var step in _setUp) step(client, provider, options);
        return client;
    }

    /// <summary>The one client of this registration.</summary>
    public AgentEventsClient Resolve(IServiceProvider provider) =>
        HasName ? provider.GetRequiredKeyedService<AgentEventsClient>(name) : provider.GetRequiredService<AgentEventsClient>();
}

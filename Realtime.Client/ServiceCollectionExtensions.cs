using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Realtime.Client.Hosting;

namespace Realtime.Client;

/// <summary>Registers the client.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>
    /// Registers an <see cref="AgentEventsClient"/> that starts and stops with the host. The host's start does not wait for the server: the
    /// client tries until it answers. An option that is missing or wrong ends the host's start with an <see cref="OptionsValidationException"/>.
    /// </summary>
    /// <remarks>Called again, it adds to the same client. Clock and logging come from the services unless set here.</remarks>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options, once, when the client is created.</param>
    /// <returns>Adds handlers and settings.</returns>
    public static AgentEventsClientBuilder AddAgentEventsClient(
        this IServiceCollection services, Action<IServiceProvider, AgentEventsClientOptions> configure) =>
        services.AddAgentEventsClient(Options.DefaultName, configure);

    /// <inheritdoc cref="AddAgentEventsClient(IServiceCollection, Action{IServiceProvider, AgentEventsClientOptions})"/>
    public static AgentEventsClientBuilder AddAgentEventsClient(this IServiceCollection services, Action<AgentEventsClientOptions> configure)
    {
        if (configure is null) throw new ArgumentNullException(nameof(configure));
        return services.AddAgentEventsClient(Options.DefaultName, (_, options) => configure(options));
    }

    /// <summary>
    /// Registers one of several clients, each with a name, a user or server, handlers and a cursor of its own. It is the keyed service
    /// <see cref="AgentEventsClient"/> of that name; all else is as without a name.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The client's name; empty is the client without a name.</param>
    /// <param name="configure">Sets the options, once, when the client is created.</param>
    /// <returns>Adds handlers and settings.</returns>
    public static AgentEventsClientBuilder AddAgentEventsClient(
        this IServiceCollection services, string name, Action<IServiceProvider, AgentEventsClientOptions> configure)
    {
        if (services is null) throw new ArgumentNullException(nameof(services));
        if (name is null) throw new ArgumentNullException(nameof(name));
        if (configure is null) throw new ArgumentNullException(nameof(configure));

        var client = ClientRegistration.Find(services, name) ?? Register(services, name);
        services.AddOptions<AgentEventsClientOptions>(name).Configure<IServiceProvider>((options, provider) => configure(provider, options));
        return new AgentEventsClientBuilder(services, client);
    }

    private static ClientRegistration Register(IServiceCollection services, string name)
    {
        var client = new ClientRegistration(name);
        services.AddSingleton(client);
        if (client.HasName) services.AddKeyedSingleton<AgentEventsClient>(name, (provider, _) => client.Create(provider));
        else services.AddSingleton<AgentEventsClient>(client.Create);
        services.AddOptions<AgentEventsClientOptions>(name).Configure<IServiceProvider>(TakeFromServices);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AgentEventsClientOptions>, ClientOptionsValidation>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, AgentEventsHostedService>());
        return client;
    }

    private static void TakeFromServices(AgentEventsClientOptions options, IServiceProvider provider)
    {
        if (provider.GetService<TimeProvider>() is { } time) options.TimeProvider = time;
        if (provider.GetService<ILoggerFactory>() is { } logging) options.LoggerFactory = logging;
    }
}

#if NET
using System.Diagnostics.CodeAnalysis;
#endif
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Realtime.Client;

/// <summary>Registers the client.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>
    /// Registers one <see cref="AgentEventsClient"/> that starts and stops with the host. The host's start does not wait for the
    /// server: the client tries until it answers.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options; clock and logging come from the services unless set here.</param>
    /// <returns>Adds handlers.</returns>
    public static AgentEventsClientBuilder AddAgentEventsClient(
        this IServiceCollection services, Action<IServiceProvider, AgentEventsClientOptions> configure)
    {
        if (services is null) throw new ArgumentNullException(nameof(services));
        if (configure is null) throw new ArgumentNullException(nameof(configure));

        var builder = new AgentEventsClientBuilder(services);
        services.TryAddSingleton(provider => builder.Build(provider, configure));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, AgentEventsHostedService>());
        return builder;
    }

    /// <inheritdoc cref="AddAgentEventsClient(IServiceCollection, Action{IServiceProvider, AgentEventsClientOptions})"/>
    public static AgentEventsClientBuilder AddAgentEventsClient(this IServiceCollection services, Action<AgentEventsClientOptions> configure)
    {
        if (configure is null) throw new ArgumentNullException(nameof(configure));
        return services.AddAgentEventsClient((_, options) => configure(options));
    }
}

/// <summary>Adds handlers to a registered client.</summary>
public sealed class AgentEventsClientBuilder
{
    private readonly IServiceCollection _services;
    private readonly List<Action<AgentEventsClient, IServiceProvider>> _handlers = [];

    internal AgentEventsClientBuilder(IServiceCollection services) => _services = services;

    /// <summary>Adds a handler; it is resolved in a scope of its own for each event.</summary>
    /// <typeparam name="T">CLR type of the data.</typeparam>
    /// <typeparam name="THandler">The handler.</typeparam>
    public AgentEventsClientBuilder AddHandler<
        T,
#if NET
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)]
#endif
        THandler>()
        where T : class
        where THandler : class, IAgentEventHandler<T>
    {
        _services.TryAddScoped<THandler>();
        _handlers.Add((client, provider) => client.On<T>(async (agentEvent, cancellationToken) =>
        {
            var scope = provider.CreateAsyncScope();
            await using var _ = scope.ConfigureAwait(false);
            await scope.ServiceProvider.GetRequiredService<THandler>().HandleAsync(agentEvent, cancellationToken).ConfigureAwait(false);
        }));
        return this;
    }

    internal AgentEventsClient Build(IServiceProvider provider, Action<IServiceProvider, AgentEventsClientOptions> configure)
    {
        var options = new AgentEventsClientOptions();
        if (provider.GetService<TimeProvider>() is { } time) options.TimeProvider = time;
        if (provider.GetService<ILoggerFactory>() is { } logging) options.LoggerFactory = logging;
        configure(provider, options);

        var client = new AgentEventsClient(options);
        foreach (var add in _handlers) add(client, provider);
        return client;
    }
}

/// <summary>Starts and stops the client with the host.</summary>
internal sealed class AgentEventsHostedService(AgentEventsClient client) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Not awaited: a server that is away must not keep the host from starting. An error ends the client, which logs it and
        // shows it in Completion and Status.
        _ = client.StartAsync(CancellationToken.None);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => client.StopAsync(cancellationToken);
}

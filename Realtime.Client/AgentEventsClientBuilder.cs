#if NET
using System.Diagnostics.CodeAnalysis;
#endif
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Realtime.Client.Hosting;

namespace Realtime.Client;

/// <summary>Adds handlers and settings to a registered client. Not thread-safe, like the services it adds to.</summary>
public sealed class AgentEventsClientBuilder
{
    private readonly ClientRegistration _client;

    internal AgentEventsClientBuilder(IServiceCollection services, ClientRegistration client)
    {
        Services = services;
        _client = client;
    }

    /// <summary>The services that the client is registered in.</summary>
    public IServiceCollection Services { get; }

    /// <summary>The client's name; empty for the client without one.</summary>
    public string Name => _client.Name;

    /// <summary>
    /// Adds a handler. For each event of a type that it handles it is resolved in a scope of its own, so it may take scoped services;
    /// register it yourself for another lifetime. Several handlers of one type run one after the other, in the order they were added.
    /// </summary>
    /// <typeparam name="THandler">A class that implements <see cref="IAgentEventHandler{T}"/>, once or for several types of data, or <see cref="IAnyAgentEventHandler"/>.</typeparam>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><typeparamref name="THandler"/> handles nothing.</exception>
    /// <remarks>When it handles a type that is not in <see cref="AgentEventsClientOptions.EventTypes"/>, the client cannot be created and says so.</remarks>
    public AgentEventsClientBuilder AddHandler<
#if NET
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.Interfaces)]
#endif
        THandler>()
        where THandler : class, IAgentEventHandler
    {
        var dataTypes = HandlerOf<THandler>.DataTypes();
        if (dataTypes.Count == 0 && !typeof(IAnyAgentEventHandler).IsAssignableFrom(typeof(THandler)))
            throw new ArgumentException($"{typeof(THandler)} implements neither IAgentEventHandler<T> nor {nameof(IAnyAgentEventHandler)}.", nameof(THandler));

        Services.TryAddScoped<THandler>();
        _client.SetUp((client, provider, options) => new HandlerOf<THandler>(client, provider).AddTo(options.EventTypes, dataTypes));
        return this;
    }

    /// <summary>
    /// Reads options from a configuration section, over those set in code before: <c>ServerUrl</c>, <c>UserId</c>, <c>CursorFile</c> or
    /// <c>ServerCursor</c>, <c>StartFrom</c> (<c>Cursor</c>, <c>CursorElseBeginning</c>, <c>Beginning</c>, <c>Head</c>), <c>HandlerFailure:MaxAttempts</c>,
    /// <c>HandlerFailure:Then</c>, and the numbers and times of <see cref="AgentEventsClientOptions"/> by their names (times as <c>00:00:10</c>).
    /// A key that is none of these, and a value that cannot be read, ends the host's start with a message that names it.
    /// </summary>
    /// <param name="section">For example <c>builder.Configuration.GetSection("AgentEvents")</c>; read once, when the client is created.</param>
    /// <returns>This builder.</returns>
    public AgentEventsClientBuilder Bind(IConfiguration section)
    {
        if (section is null) throw new ArgumentNullException(nameof(section));
        Services.AddOptions<AgentEventsClientOptions>(Name).Configure(options => ClientSettings.Read(section, options));
        return this;
    }

    /// <summary>Sets up the client when it has been created and before it starts: the place to subscribe to its events.</summary>
    /// <param name="setUp">Takes the services and the client.</param>
    /// <returns>This builder.</returns>
    public AgentEventsClientBuilder SetUp(Action<IServiceProvider, AgentEventsClient> setUp)
    {
        if (setUp is null) throw new ArgumentNullException(nameof(setUp));
        _client.SetUp((client, provider, _) => setUp(provider, client));
        return this;
    }

    /// <summary>
    /// Stops the host when an error has ended the client: a handler that kept failing, a token of another user, a cursor that cannot be
    /// read. Without it the host goes on without events; <see cref="AgentEventsClient.Status"/> and the health check say so.
    /// </summary>
    /// <returns>This builder.</returns>
    public AgentEventsClientBuilder StopHostOnFailure()
    {
        _client.StopsHost = true;
        return this;
    }
}

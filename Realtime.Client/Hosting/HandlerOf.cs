#if NET
using System.Diagnostics.CodeAnalysis;
#endif
using Microsoft.Extensions.DependencyInjection;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;

namespace Realtime.Client.Hosting;

/// <summary>
/// Gives a client the handlers that one class is. Which those are is asked of the registered event types, each of which knows its CLR type, so
/// that no code is made at run time: native programs can have handlers too.
/// </summary>
internal sealed class HandlerOf<
#if NET
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.Interfaces)]
#endif
    THandler>(AgentEventsClient client, IServiceProvider services) : IEventTypeVisitor
    where THandler : class, IAgentEventHandler
{
    private readonly HashSet<Type> _added = [];

    /// <summary>The types of data that the class handles.</summary>
    public static IReadOnlyList<Type> DataTypes() =>
        [.. typeof(THandler).GetInterfaces().Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IAgentEventHandler<>)).Select(i => i.GetGenericArguments()[0])];

    /// <exception cref="InvalidOperationException">The class handles a type that is not registered.</exception>
    public void AddTo(EventTypes types, IReadOnlyList<Type> dataTypes)
    {
        if (typeof(IAnyAgentEventHandler).IsAssignableFrom(typeof(THandler)))
            client.On((agentEvent, cancellationToken) => CallAsync<IAnyAgentEventHandler>(handler => handler.HandleAsync(agentEvent, cancellationToken)));
        foreach (var type in types.All) type.Accept(this);
        if (dataTypes.FirstOrDefault(type => !_added.Contains(type)) is { } unknown)
        {
            throw new InvalidOperationException(
                $"{typeof(THandler)} handles {unknown}, which is not a registered event type: add it to {nameof(AgentEventsClientOptions)}.{nameof(AgentEventsClientOptions.EventTypes)}.");
        }
    }

    void IEventTypeVisitor.Visit<T>()
    {
        if (!typeof(IAgentEventHandler<T>).IsAssignableFrom(typeof(THandler))) return;
        _added.Add(typeof(T));
        client.On<T>((agentEvent, cancellationToken) => CallAsync<IAgentEventHandler<T>>(handler => handler.HandleAsync(agentEvent, cancellationToken)));
    }

    private async Task CallAsync<TContract>(Func<TContract, Task> call)
        where TContract : class
    {
        var scope = services.CreateAsyncScope();
        await using var _ = scope.ConfigureAwait(false);
        await call((TContract)(object)scope.ServiceProvider.GetRequiredService<THandler>()).ConfigureAwait(false);
    }
}

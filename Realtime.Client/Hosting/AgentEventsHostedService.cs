using Microsoft.Extensions.Hosting;

namespace Realtime.Client.Hosting;

/// <summary>Starts and stops all registered clients with the host.</summary>
internal sealed class AgentEventsHostedService(IEnumerable<ClientRegistration> registrations, IServiceProvider services, IHostApplicationLifetime host) : IHostedService
{
    private readonly List<Running> _running = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // All are made before the first is started: a wrong option of one is to end the host's start, not to leave half of them running.
        var clients = registrations.Select(registration => (Client: registration.Resolve(services), registration.StopsHost)).ToList();

        // Not awaited: a server that is away must not keep the host from starting.
        foreach (var (client, stopsHost) in clients) _running.Add(new Running(client, RunAsync(client, stopsHost)));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(_running.Select(async running =>
    {
        await running.Client.StopAsync(cancellationToken).ConfigureAwait(false);
        await running.Run.ConfigureAwait(false);
    }));

    private async Task RunAsync(AgentEventsClient client, bool stopsHost)
    {
        try
        {
            await client.StartAsync(CancellationToken.None).ConfigureAwait(false);
            await client.Completion.ConfigureAwait(false);
        }
        catch (Exception) when (client.Completion.IsFaulted)
        {
            // Not lost: the client has logged it and shows it in Status, where the health check finds it.
            if (stopsHost) host.StopApplication();
        }
        catch (OperationCanceledException)
        {
            // Stopped before it knew where to start.
        }
    }

    private sealed record Running(AgentEventsClient Client, Task Run);
}

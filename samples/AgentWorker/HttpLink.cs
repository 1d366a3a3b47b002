using System.Net.Http.Headers;
using System.Net.Http.Json;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace AgentWorker;

/// <summary>For a worker that has only the server's URL. Ids are made before the first attempt, so its retries are safe.</summary>
internal sealed class HttpLink : WorkerLink
{
    private readonly HttpClient _http;
    private readonly AgentEventsPublisher _publisher;
    private readonly string _user;

    private HttpLink(HttpClient http, AgentEventsPublisher publisher, string user)
    {
        _http = http;
        _publisher = publisher;
        _user = user;
    }

    public override string Description => $"over HTTP at {_http.BaseAddress}";

    public static async Task<WorkerLink> SignInAsync(WorkerSettings settings, CancellationToken cancellationToken)
    {
        var http = new HttpClient { BaseAddress = settings.Server };
        string token = settings.Token ?? await DevTokenAsync(http, cancellationToken);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions { ServerUrl = settings.Server, AccessTokenProvider = _ => new(token) });
        return new HttpLink(http, publisher, settings.User);
    }

    public override async Task<StreamPosition> PublishAsync(AgentStepCompleted step, CancellationToken cancellationToken) =>
        (await _publisher.PublishAsync(_user, step, cancellationToken: cancellationToken)).Position;

    public override async Task<bool> IsBrakeEngagedAsync(CancellationToken cancellationToken)
    {
        try
        {
            var state = await _http.GetFromJsonAsync(
                $"{Routes.Brake}?user_id={Uri.EscapeDataString(_user)}", RealtimeJsonContext.Default.BrakeState, cancellationToken);
            return state?.Engaged ?? true;
        }
        catch (HttpRequestException)
        {
            return true;
        }
    }

    public override ValueTask DisposeAsync()
    {
        _publisher.Dispose();
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<string> DevTokenAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.PostAsJsonAsync(
                Routes.DevTokens,
                new DevTokenRequest { UserId = "agent-worker", Scopes = [Scopes.Publish, Scopes.ReadBrake] },
                RealtimeJsonContext.Default.DevTokenRequest,
                cancellationToken);
            if (answer.IsSuccessStatusCode)
                return (await answer.Content.ReadFromJsonAsync(RealtimeJsonContext.Default.DevToken, cancellationToken))!.AccessToken;
            throw new InvalidOperationException($"{http.BaseAddress} gives no development tokens; pass --token with the scopes {Scopes.Publish} and {Scopes.ReadBrake}.");
        }
        catch (HttpRequestException fault)
        {
            throw new InvalidOperationException($"No server at {http.BaseAddress}: {fault.Message} Start one: dotnet run --project Realtime.Server", fault);
        }
    }
}

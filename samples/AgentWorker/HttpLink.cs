using System.Net.Http.Headers;
using System.Net.Http.Json;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using SampleTools;

namespace AgentWorker;

/// <summary>For a worker that has only the server's URL. Ids are made before the first attempt, so its retries are safe.</summary>
internal sealed class HttpLink : WorkerLink
{
    private readonly SignIn _signIn;
    private readonly HttpClient _http;
    private readonly AgentEventsPublisher _publisher;

    private HttpLink(SignIn signIn)
    {
        _signIn = signIn;
        _http = new HttpClient { BaseAddress = signIn.Server };
        _publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions { ServerUrl = signIn.Server, AccessTokenProvider = signIn.GetTokenAsync });
    }

    public override string Description => $"over HTTP at {_signIn.Server}";

    /// <exception cref="RealtimeException">Nobody answers there, or the token does not do.</exception>
    public static async Task<HttpLink> ConnectAsync(SignIn signIn, CancellationToken cancellationToken)
    {
        if (!await signIn.IsServerThereAsync(cancellationToken)) throw new RealtimeException(signIn.NoServer);
        if (await signIn.FindRefusalAsync(cancellationToken) is { } refusal) throw new RealtimeException(refusal);
        return new HttpLink(signIn);
    }

    public override async Task<StreamPosition> PublishAsync(AgentStepCompleted step, CancellationToken cancellationToken) =>
        (await _publisher.PublishAsync(_signIn.User, step, cancellationToken: cancellationToken)).Position;

    public override async Task<bool> IsBrakeEngagedAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{Routes.Brake}?user_id={Uri.EscapeDataString(_signIn.User)}");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await _signIn.GetTokenAsync(cancellationToken));
            using var answer = await _http.SendAsync(request, cancellationToken);
            if (!answer.IsSuccessStatusCode) return true;
            return (await answer.Content.ReadFromJsonAsync(RealtimeJsonContext.Default.BrakeState, cancellationToken))?.Engaged ?? true;
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
}

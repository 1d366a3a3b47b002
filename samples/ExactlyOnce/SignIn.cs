using System.Net.Http.Json;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace ExactlyOnce;

/// <summary>The token given, or one from a development server, kept until shortly before it expires.</summary>
internal sealed class SignIn(Settings settings) : IDisposable
{
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);
    private readonly HttpClient _http = new() { BaseAddress = settings.Server };
    private DevToken? _issued;

    public async ValueTask<string> GetTokenAsync(CancellationToken cancellationToken)
    {
        if (settings.Token is not null) return settings.Token;
        if (_issued is { } known && known.ExpiresAt - Margin > TimeProvider.System.GetUtcNow()) return known.AccessToken;

        using var answer = await _http.PostAsJsonAsync(
            Routes.DevTokens, new DevTokenRequest { UserId = settings.User }, RealtimeJsonContext.Default.DevTokenRequest, cancellationToken);
        if (!answer.IsSuccessStatusCode) throw new RealtimeException($"{settings.Server} gives no development tokens ({(int)answer.StatusCode}); pass --token.");
        _issued = await answer.Content.ReadFromJsonAsync(RealtimeJsonContext.Default.DevToken, cancellationToken);
        return _issued!.AccessToken;
    }

    public void Dispose() => _http.Dispose();
}

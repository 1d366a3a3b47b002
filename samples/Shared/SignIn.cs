using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

namespace SampleTools;

/// <summary>
/// Where the server is and who we are: the token given, or one from a development server, kept until shortly before it expires. Your
/// application has its identity provider's library instead; what it hands to the client is <see cref="GetTokenAsync"/>.
/// </summary>
internal sealed class SignIn : IDisposable
{
    public const string Help = """
          --server URL      the server (or REALTIME_SERVER); http://localhost:5080
          --user USER       whose events (or REALTIME_USER); demo
          --token TOKEN     an access token (better in the environment: REALTIME_TOKEN); a development server gives one by itself
        """;

    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);
    private readonly HttpClient _http;
    private readonly string _subject;
    private readonly string[] _scopes;
    private DevToken? _issued;

    /// <param name="options">The command line.</param>
    /// <param name="subject">Who a development token is for; by default the user.</param>
    /// <param name="scopes">What it may do besides reading.</param>
    public SignIn(Options options, string? subject = null, params string[] scopes)
    {
        User = Setting("--user") ?? "demo";
        if (!UserId.IsValid(User)) throw new UsageException($"--user must be {UserId.Rule}.");
        Server = Uri.TryCreate(Setting("--server") ?? "http://localhost:5080", UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new UsageException("--server must be a URL such as http://localhost:5080.");
        Token = Setting("--token");
        (_subject, _scopes) = (subject ?? User, scopes);
        _http = new HttpClient { BaseAddress = Server, Timeout = TimeSpan.FromSeconds(10) };

        string? Setting(string option) =>
            options.Value(option) ?? (Environment.GetEnvironmentVariable("REALTIME_" + option[2..].ToUpperInvariant()) is { Length: > 0 } set ? set : null);
    }

    public Uri Server { get; }

    public string User { get; }

    public string? Token { get; }

    /// <summary>What to do when nobody answers.</summary>
    public string NoServer => $"No server at {Server}. Start one: dotnet run --project Realtime.Server (or name another with --server).";

    public async ValueTask<string> GetTokenAsync(CancellationToken cancellationToken)
    {
        if (Token is not null) return Token;
        if (_issued is { } known && known.ExpiresAt - Margin > TimeProvider.System.GetUtcNow()) return known.AccessToken;

        using var answer = await _http.PostAsJsonAsync(
            Routes.DevTokens, new DevTokenRequest { UserId = _subject, Scopes = _scopes }, RealtimeJsonContext.Default.DevTokenRequest, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            string needed = _scopes.Length == 0 ? string.Empty : $" with the scopes {string.Join(' ', _scopes)}";
            throw new RealtimeException($"{Server} gives no development tokens ({(int)answer.StatusCode}): pass --token, or set REALTIME_TOKEN{needed}.");
        }

        _issued = await answer.Content.ReadFromJsonAsync(RealtimeJsonContext.Default.DevToken, cancellationToken);
        return _issued!.AccessToken;
    }

    /// <summary>
    /// Asks once before the start, because a person would rather read "claim exp: expired 3 minutes ago" than watch attempts fail.
    /// </summary>
    /// <returns>Why it cannot work, or <see langword="null"/>: it can, or nobody answers, and that may change.</returns>
    public async Task<string?> FindRefusalAsync(CancellationToken cancellationToken)
    {
        try
        {
            string token = await GetTokenAsync(cancellationToken);
            string path = _scopes.Length == 0 ? $"{Routes.Events}?limit=1" : Routes.Brake + "?";
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{path}&user_id={Uri.EscapeDataString(User)}");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var answer = await _http.SendAsync(request, cancellationToken);
            string problem = ProblemOf(await answer.Content.ReadAsStringAsync(cancellationToken));
            return answer.StatusCode switch
            {
                HttpStatusCode.Unauthorized => $"401: {Server} does not accept the token. {ClaimAtFault(token, problem)}",
                HttpStatusCode.Forbidden when _scopes.Length > 0 => $"403: {problem} The token needs the scopes {string.Join(' ', _scopes)}.",
                HttpStatusCode.Forbidden => $"403: the token's claim sub is '{Claim(token, "sub")}', and --user is '{User}'. Pass --user {Claim(token, "sub")}, or a token of {User}.",
                HttpStatusCode.NotFound => $"404: {Server} answers, but is no Realtime server. Correct --server.",
                _ => null,
            };
        }
        catch (RealtimeException fault)
        {
            return fault.Message;
        }
        catch (Exception fault) when (fault is HttpRequestException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Whether anybody answers.</summary>
    public async Task<bool> IsServerThereAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _http.GetAsync(Routes.Live, cancellationToken);
            return true;
        }
        catch (Exception fault) when (fault is HttpRequestException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    public void Dispose() => _http.Dispose();

    private static string ClaimAtFault(string token, string problem)
    {
        if (token.Split('.').Length != 3) return "It is no access token: three parts joined by dots.";
        if (long.TryParse(Claim(token, "exp"), out long exp) && DateTimeOffset.FromUnixTimeSeconds(exp) < TimeProvider.System.GetUtcNow())
            return $"Claim exp: it expired at {DateTimeOffset.FromUnixTimeSeconds(exp).ToLocalTime():HH:mm:ss}. Get a new one.";
        foreach (var (word, claim) in new[] { ("audience", "aud"), ("issuer", "iss"), ("azp", "azp"), ("no exp", "exp"), ("sub", "sub") })
        {
            if (problem.Contains(word, StringComparison.OrdinalIgnoreCase)) return $"Claim {claim} is '{Claim(token, claim)}': {problem}";
        }

        return $"{problem} (claims: iss '{Claim(token, "iss")}', aud '{Claim(token, "aud")}', sub '{Claim(token, "sub")}')";
    }

    /// <summary>As it is written; nobody has checked it.</summary>
    private static string? Claim(string token, string name)
    {
        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]));
            return claims.RootElement.TryGetProperty(name, out var value) ? value.ToString() : null;
        }
        catch (Exception fault) when (fault is JsonException or FormatException or IndexOutOfRangeException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string ProblemOf(string body)
    {
        try
        {
            using var problem = JsonDocument.Parse(body);
            return problem.RootElement.TryGetProperty("detail", out var detail) ? detail.ToString() : problem.RootElement.GetProperty("title").ToString();
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return "The answer is not the server's own: something between refuses.";
        }
    }
}

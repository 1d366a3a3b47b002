using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Realtime.Contracts;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>A server that runs, as its clients meet it: over HTTP, through whatever lies between.</summary>
internal sealed class ServerChecks(Patient patient, Uri url) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = HttpQuestions.Patience };

    /// <summary>Without what a URL may carry as user name and password.</summary>
    private string Shown => new UriBuilder(url) { UserName = "", Password = "" }.Uri.ToString().TrimEnd('/');

    internal async Task<IReadOnlyList<CheckResult>> RunAsync(CancellationToken cancellationToken)
    {
        var results = new List<CheckResult>();
        try
        {
            if (!await CheckLiveAsync(results, cancellationToken)) return results;
            await CheckReadyAsync(results, cancellationToken);
            await CheckTokenAsync(results, cancellationToken);
            results.AddRange(await WebSocketCheck.RunAsync(patient, url, cancellationToken));
        }
        catch (Exception fault) when (HttpQuestions.IsFailure(fault, cancellationToken))
        {
            results.Add(CheckResult.Failed("server", $"{Shown}: {patient.Secrets.Remove(HttpQuestions.Words(fault))}", HttpQuestions.Fix(fault)));
        }

        return results;
    }

    public void Dispose() => _http.Dispose();

    internal static Uri At(Uri url, string path) => new(url.GetLeftPart(UriPartial.Path).TrimEnd('/') + path);

    private async Task<bool> CheckLiveAsync(List<CheckResult> results, CancellationToken cancellationToken)
    {
        using var warmUp = await _http.GetAsync(At(url, Routes.Live), cancellationToken); // connection and TLS apart from the latency
        long start = Stopwatch.GetTimestamp();
        using var answer = await _http.GetAsync(At(url, Routes.Live), cancellationToken);
        var took = Stopwatch.GetElapsedTime(start);
        string body = await answer.Content.ReadAsStringAsync(cancellationToken);
        if ((int)answer.StatusCode is >= 300 and < 400)
        {
            results.Add(CheckResult.Failed(
                "server", $"{Shown} redirects to {answer.Headers.Location}", "Use that address as the server's URL: a WebSocket follows no redirect."));
            return false;
        }

        if (answer.StatusCode != HttpStatusCode.OK || !body.Contains("\"status\"", StringComparison.Ordinal))
        {
            results.Add(CheckResult.Failed(
                "server", string.Create(CultureInfo.InvariantCulture, $"{Shown} answers {(int)answer.StatusCode} on {Routes.Live}: something else than the server listens there"),
                "Correct --url, or have the proxy pass /api/v1, /health and /dev on to the server."));
            return false;
        }

        results.Add(CheckResult.Ok("server", string.Create(CultureInfo.InvariantCulture, $"{Shown} answers in {took.TotalMilliseconds:0.0} ms")));
        if (answer.Headers.Date is { } date) results.Add(ClockChecks.Judge("clock.server", "the server's clock", date - patient.Time.GetUtcNow(), TimeSpan.FromSeconds(2)));
        return true;
    }

    private async Task CheckReadyAsync(List<CheckResult> results, CancellationToken cancellationToken)
    {
        const string Name = "server.ready";
        using var answer = await _http.GetAsync(At(url, Routes.Ready), cancellationToken);
        var complaints = Complaints(await answer.Content.ReadAsStringAsync(cancellationToken)).Select(patient.Secrets.Remove).ToList();
        string words = complaints.Count == 0 ? string.Create(CultureInfo.InvariantCulture, $"it answers {(int)answer.StatusCode}") : string.Join(" ", complaints);
        if (answer.StatusCode != HttpStatusCode.OK) results.Add(CheckResult.Failed(Name, words, "Mend what it names; its log says since when and why."));
        else if (complaints.Count > 0) results.Add(CheckResult.Warning(Name, words, "Events are stored and fetched meanwhile; mend what it names."));
        else results.Add(CheckResult.Ok(Name, "store, keys and backplane work for it"));
    }

    /// <summary>What the report names that is not healthy.</summary>
    private static IEnumerable<string> Complaints(string body)
    {
        JsonElement checks;
        try
        {
            using var report = JsonDocument.Parse(body);
            if (!report.RootElement.TryGetProperty("checks", out checks) || checks.ValueKind != JsonValueKind.Object) yield break;
            checks = checks.Clone();
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            yield break; // a proxy's page: the status speaks
        }

        foreach (var check in checks.EnumerateObject())
        {
            if (check.Value.TryGetProperty("status", out var status) && status.GetString() is "healthy") continue;
            yield return $"{check.Name}: {(check.Value.TryGetProperty("description", out var why) ? why.GetString() : "not healthy")}";
        }
    }

    private async Task CheckTokenAsync(List<CheckResult> results, CancellationToken cancellationToken)
    {
        const string Name = "server.token";
        if (patient.Token is not { Fault: null } token)
        {
            results.Add(CheckResult.Skipped(Name, "not asked: no token that can be sent"));
            return;
        }

        string user = patient.User ?? token.Subject ?? string.Empty;
        using var request = new HttpRequestMessage(HttpMethod.Get, At(url, $"{Routes.Events}?limit=1&user_id={Uri.EscapeDataString(user)}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Text);
        using var answer = await _http.SendAsync(request, cancellationToken);
        string problem = patient.Secrets.Remove(Problem(await answer.Content.ReadAsStringAsync(cancellationToken)) ?? answer.ReasonPhrase ?? string.Empty);
        int status = (int)answer.StatusCode;
        string found = string.Create(CultureInfo.InvariantCulture, $"{status}: {problem}");
        results.Add(status switch
        {
            200 => CheckResult.Ok(Name, $"the server takes it and reads the stream of {user}"),
            401 when !answer.Headers.WwwAuthenticate.Any() => CheckResult.Failed(Name, $"{found} (not the server's own answer)", "Something between asks for a log-in of its own: have it pass /api/v1 and the Authorization header on."),
            401 => CheckResult.Failed(Name, found, ClaimAtFault(problem)),
            403 => CheckResult.Failed(Name, found, $"The token must be of the user whose stream is asked for ({user})."),
            429 => CheckResult.Warning(Name, found, "Wait as long as Retry-After says; limits: docs/security/limits.md."),
            503 => CheckResult.Failed(Name, found, "The server cannot judge or read now: see server.ready."),
            _ => CheckResult.Failed(Name, found, "Not what the server answers: look at what lies between."),
        });
    }

    /// <summary>The claim that the refusal is about, and what sets it right.</summary>
    private static string ClaimAtFault(string description)
    {
        return description switch
        {
            _ when Speaks("expired", "lifetime", "no exp") => "Claim exp: get a new token.",
            _ when Speaks("audience") => "Claim aud: ask the authority for a token of this API, or set Authentication:Schemes:Bearer:ValidAudiences.",
            _ when Speaks("issuer") => "Claim iss: set Authentication:Schemes:Bearer:ValidIssuer or :Authority to the token's issuer, letter by letter.",
            _ when Speaks("azp") => "Claim azp: add the application to Realtime:AuthorizedParties.",
            _ when Speaks("not valid before", "not yet") => "Claim nbf: wait, or synchronise clocks.",
            _ when Speaks("revoked") => "Sign in again: this token, or all of the user up to a time, were revoked.",
            _ when Speaks("signature", "key") => "Header kid: the server does not know the key that signed it: another authority, tenant or environment.",
            _ => "Compare the claims above with the server's Authentication:Schemes:Bearer settings.",
        };

        bool Speaks(params ReadOnlySpan<string> words)
        {
            foreach (string word in words)
            {
                if (description.Contains(word, StringComparison.OrdinalIgnoreCase)) return true;
            }

            return false;
        }
    }

    private static string? Problem(string body)
    {
        try
        {
            using var problem = JsonDocument.Parse(body);
            string? title = problem.RootElement.TryGetProperty("title", out var t) ? t.GetString() : null;
            string? detail = problem.RootElement.TryGetProperty("detail", out var d) ? d.GetString() : null;
            return detail is null ? title : $"{title} {detail}";
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null; // not the server's own answer
        }
    }
}

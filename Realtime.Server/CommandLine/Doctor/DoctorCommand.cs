using System.Net.Http.Json;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Spectre.Console;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>
/// <c>doctor</c>: looks at everything a server depends on, as the server would use it, and says what to do about what is wrong.
/// Changes nothing. A check that cannot be made is a line of its own and never the end of the others.
/// </summary>
internal static class DoctorCommand
{
    private const string Url = "--url";
    private const string Token = "--token";
    private const string User = "--user";
    private const string Remote = "--remote";
    private const string TokenVariable = "REALTIME_TOKEN";

    internal static readonly ServerCommand Command = new(
        "doctor",
        "checks what the server depends on, and says how to mend it",
        """
        Looks at the configuration, the store (PostgreSQL or the embedded file), Redis, the token authority and clocks, with the
        configuration the server would have here; with --url also at a server that runs, up to a WebSocket through the proxies,
        and with a token at what the server makes of it. Changes nothing and shows no secret.
        Against a Development server a token is fetched when none is given.
        """,
        [
            new(Url, "URL", "a server that runs, as clients reach it, such as https://realtime.example.com"),
            new(Token, "TOKEN", $"an access token to look at; better in the environment: {TokenVariable}"),
            new(User, "USER", "whose stream the token is to open; by default its sub"),
            new(Remote, null, "only what can be seen from outside: URL, token, clock (needs --url)"),
        ],
        RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var patient = await ReadAsync(context);
        bool isRemote = context.Arguments.Has(Remote);
        IReadOnlyList<CheckResult> results = context.Output.IsTerminal
            ? await CommandOutput.Terminal.Status().StartAsync("Looking ...", _ => ExamineAsync(patient, isRemote, context.Cancelled))
            : await ExamineAsync(patient, isRemote, context.Cancelled);
        DoctorReport.Write(context.Output, results);
        return results.Any(r => r.Status == CheckStatus.Failed) ? ExitCode.Failed : ExitCode.Success;
    }

    private static async Task<Patient> ReadAsync(CommandContext context)
    {
        Uri? url = null;
        if (context.Arguments.Value(Url) is { } given && (!Uri.TryCreate(given, UriKind.Absolute, out url) || url.Scheme is not ("http" or "https")))
            throw new UsageException($"{Url} must be a URL such as https://realtime.example.com.");
        if (context.Arguments.Has(Remote) && url is null) throw new UsageException($"{Remote} needs {Url}.");
        string? user = context.Arguments.Value(User);
        if (user is not null && !UserId.IsValid(user)) throw new UsageException($"{User} must be {UserId.Rule}.");

        string? token = context.Arguments.Value(Token) ?? Environment.GetEnvironmentVariable(TokenVariable);
        if (string.IsNullOrWhiteSpace(token)) token = url is null ? null : await DevelopmentTokenAsync(url, user ?? "doctor", context.Cancelled);
        return new Patient
        {
            Configuration = context.Configuration,
            Environment = context.Environment,
            Secrets = Secrets.Of(context.Configuration, token),
            Time = context.Time,
            Url = url,
            Token = token is null ? null : new TokenUnderTest(token),
            User = user,
        };
    }

    /// <summary>Each part on its own and all at once: the slowest timeout is the longest wait. The order of the lines stays.</summary>
    private static async Task<IReadOnlyList<CheckResult>> ExamineAsync(Patient patient, bool isRemote, CancellationToken cancellationToken)
    {
        if (isRemote) return [.. await GuardAsync("server", patient, () => ServerAsync(patient, cancellationToken)), .. TokenChecks.Run(patient, authorityIssuer: null, isRemote: true)];

        var configuration = ConfigurationChecks.Run(patient);
        var authority = AuthorityChecks.RunAsync(patient, cancellationToken);
        var store = GuardAsync("store", patient, () => StoreAsync(patient, cancellationToken));
        var redis = GuardAsync("redis", patient, () => RedisAsync(patient, cancellationToken));
        var server = GuardAsync("server", patient, () => ServerAsync(patient, cancellationToken));
        var (authorityResults, issuer) = await authority;
        return
        [
            .. configuration, .. await store, .. await redis, .. authorityResults, .. TokenChecks.Run(patient, issuer, isRemote: false), .. await server,
        ];
    }

    private static async Task<IReadOnlyList<CheckResult>> StoreAsync(Patient patient, CancellationToken cancellationToken) => patient.Postgres is { } postgres
        ? await new PostgresChecks(patient, postgres).RunAsync(cancellationToken)
        : await Task.Run(() => SqliteChecks.Run(patient).ToList(), cancellationToken);

    private static async Task<IReadOnlyList<CheckResult>> RedisAsync(Patient patient, CancellationToken cancellationToken) => patient.Redis is { } redis
        ? await new RedisChecks(patient, redis).RunAsync(cancellationToken)
        : [CheckResult.Skipped("redis", "not configured: one node, whose clients are all its own")];

    private static async Task<IReadOnlyList<CheckResult>> ServerAsync(Patient patient, CancellationToken cancellationToken)
    {
        if (patient.Url is not { } url) return [CheckResult.Skipped("server", "not asked", $"Pass {Url} to look at a server that runs.")];
        using var checks = new ServerChecks(patient, url);
        return await checks.RunAsync(cancellationToken);
    }

    private static async Task<IReadOnlyList<CheckResult>> GuardAsync(string check, Patient patient, Func<Task<IReadOnlyList<CheckResult>>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // Such as a connection string that cannot be read, which the configuration's own line names.
            return [CheckResult.Failed(check, $"could not be checked: {patient.Secrets.Remove(fault.Message)}", "See the other lines first; then report this one.")];
        }
    }

    private static async Task<string?> DevelopmentTokenAsync(Uri url, string user, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = HttpQuestions.Patience };
        try
        {
            using var answer = await http.PostAsJsonAsync(
                ServerChecks.At(url, Routes.DevTokens), new DevTokenRequest { UserId = user }, RealtimeJsonContext.Default.DevTokenRequest, cancellationToken);
            return answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync(RealtimeJsonContext.Default.DevToken, cancellationToken))?.AccessToken : null;
        }
        catch (Exception fault) when (HttpQuestions.IsFailure(fault, cancellationToken) || fault is System.Text.Json.JsonException)
        {
            return null; // no Development server, or none at all, which the checks will say
        }
    }
}

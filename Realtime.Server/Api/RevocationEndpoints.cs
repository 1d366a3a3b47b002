using System.Text.Json;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.Auth;
using Realtime.Server.Revocations;

namespace Realtime.Server.Api;

/// <summary>
/// <c>GET</c>, <c>POST</c> and <c>DELETE /api/v1/admin/revocations</c>, and <c>POST …/admin/users/{user_id}/disconnect</c>: for operators.
/// </summary>
internal static class RevocationEndpoints
{
    private const int MaxIdLength = 256;
    private const int MaxReasonLength = 500;
    private const string IdRule = "must be 1 to 256 characters without control characters";
    private static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(5);

    internal static void Map(RouteGroupBuilder admin)
    {
        admin.AddEndpointFilter(DemandNamedOperator);
        admin.MapPost(Routes.Revocations, RevokeAsync).RequireAuthorization(Access.Admin)
            .WithName("Revoke").WithSummary("Revokes one token by its jti, or all tokens of a user that were issued before a time.")
            .TakesJson<RevocationRequest>().Produces<Revocation>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
        admin.MapGet(Routes.Revocations, ListAsync).RequireAuthorization(Access.Admin)
            .WithName("ListRevocations").WithSummary("What is revoked, newest first.")
            .Produces<RevocationPage>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
        admin.MapDelete(Routes.Revocations, WithdrawAsync).RequireAuthorization(Access.Admin)
            .WithName("WithdrawRevocation").WithSummary("Takes a revocation back, named by jti or user_id.")
            .Produces(204).ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(503);
        admin.MapPost(Routes.Disconnect, DisconnectAsync).RequireAuthorization(Access.Admin)
            .WithName("DisconnectUser").WithSummary("Closes the connections of a user on all nodes; clients with a valid token come back.")
            .Produces(202).ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(503);
    }

    /// <summary>Who did it is stored and logged: as with users, only what may name one.</summary>
    private static async ValueTask<object?> DemandNamedOperator(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        UserId.IsValid(Operator(context.HttpContext)) ? await next(context) : Problems.Result(Problem.Invalid("sub", $"must be {UserId.Rule}"));

    private static async Task<IResult> RevokeAsync(HttpContext context, RevocationDesk desk, TimeProvider time, CancellationToken cancellationToken)
    {
        RevocationRequest? request;
        try
        {
            request = await context.Request.ReadFromJsonAsync(RealtimeJsonContext.Default.RevocationRequest, cancellationToken);
        }
        catch (JsonException fault)
        {
            string field = fault.Path?.TrimStart('$', '.') is { Length: > 0 } path ? path : "body";
            return Problems.Result(Problem.Invalid(field, "cannot be read; the body is a JSON object with jti or userId, times are RFC 3339"));
        }
        catch (InvalidOperationException)
        {
            return Problems.Result(Problem.Invalid("Content-Type", "must be application/json"));
        }

        if (request is null) return Problems.Result(Problem.Invalid("body", "must be an object"));
        if (FaultOf(request, time.GetUtcNow()) is { } invalid) return Problems.Result(invalid);

        var wanted = new NewRevocation(
            request.Jti is null ? RevocationKind.User : RevocationKind.Token, request.Jti ?? request.UserId!,
            request.IssuedBefore, request.ExpiresAt, request.Reason, Operator(context));
        return TypedResults.Json(await desk.RevokeAsync(wanted, cancellationToken), RealtimeJsonContext.Default.Revocation);
    }

    private static async Task<IResult> ListAsync(HttpContext context, IRevocationStore store, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context.Request.Query);
        int limit = query.Limit();
        long? before = query.Number("before");
        var named = Named(query);
        if (query.Fault is { } fault) return Problems.Result(Problem.Invalid(fault));
        var page = await store.ListAsync(new RevocationQuestion(named?.Kind, named?.Subject, before, limit), cancellationToken);
        return TypedResults.Json(page, RealtimeJsonContext.Default.RevocationPage);
    }

    private static async Task<IResult> WithdrawAsync(HttpContext context, RevocationDesk desk, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context.Request.Query);
        var named = Named(query);
        if (named is null) query.Fail("jti", "or user_id must be given");
        if (query.Fault is { } fault) return Problems.Result(Problem.Invalid(fault));
        return await desk.WithdrawAsync(named!.Value.Kind, named.Value.Subject, Operator(context), cancellationToken)
            ? TypedResults.NoContent()
            : Problems.Result(new Problem(StatusCodes.Status404NotFound, ProblemTypes.NotFound, "There is no such revocation.", null));
    }

    private static async Task<IResult> DisconnectAsync(HttpContext context, string user_id, RevocationDesk desk, CancellationToken cancellationToken)
    {
        if (!UserId.IsValid(user_id)) return Problems.Result(Problem.Invalid("user_id", $"must be {UserId.Rule}"));
        await desk.RevokeAsync(new NewRevocation(RevocationKind.Disconnect, user_id, null, null, null, Operator(context)), cancellationToken);
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }

    private static Problem? FaultOf(RevocationRequest request, DateTimeOffset now)
    {
        if (request.Jti is null == request.UserId is null) return Problem.Invalid("jti", "or userId must be given, and not both");
        if (request.Jti is { } jti && !IsId(jti)) return Problem.Invalid("jti", IdRule);
        if (request.Jti is { } token && LooksLikeToken(token)) return Problem.Invalid("jti", "must be the jti of the token, never the token itself");
        if (request.UserId is { } user && !UserId.IsValid(user)) return Problem.Invalid("userId", $"must be {UserId.Rule}");
        if (request.ExpiresAt is not null && request.Jti is null) return Problem.Invalid("expiresAt", "belongs to jti");
        if (request.IssuedBefore is not null && request.UserId is null) return Problem.Invalid("issuedBefore", "belongs to userId");
        if (request.ExpiresAt <= now) return Problem.Invalid("expiresAt", "lies in the past: such a token is not accepted anyway");
        if (request.IssuedBefore > now + MaxAhead) return Problem.Invalid("issuedBefore", "lies more than 5 minutes in the future");
        if (request.Reason?.Length > MaxReasonLength) return Problem.Invalid("reason", $"has more than {MaxReasonLength} characters");
        return request.Reason?.Any(char.IsControl) == true ? Problem.Invalid("reason", "must not hold control characters") : null;
    }

    /// <summary>Which revocation the query names, if any.</summary>
    private static (RevocationKind Kind, string Subject)? Named(QueryReader query)
    {
        string? jti = query.Text("jti");
        string? user = query.Text("user_id");
        if (jti is not null && user is not null) query.Fail("jti", "and user_id exclude each other");
        if (jti is not null && !IsId(jti)) query.Fail("jti", IdRule);
        if (user is not null && !UserId.IsValid(user)) query.Fail("user_id", $"must be {UserId.Rule}");
        return jti is not null ? (RevocationKind.Token, jti) : user is not null ? (RevocationKind.User, user) : null;
    }

    private static bool IsId(string id) => id.Length is >= 1 and <= MaxIdLength && !id.Any(c => char.IsControl(c) || char.IsSurrogate(c));

    /// <summary>It would end up in the table and in the log.</summary>
    private static bool LooksLikeToken(string text) => text.StartsWith("eyJ", StringComparison.Ordinal) && text.Count(c => c == '.') >= 2;

    private static string Operator(HttpContext context) => TokenClaims.UserIdOf(context.User);
}

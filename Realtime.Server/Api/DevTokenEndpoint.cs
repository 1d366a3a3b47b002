using System.Text.Json;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Realtime.Contracts;
using Realtime.Contracts.Serialization;
using Realtime.Server.Auth;

namespace Realtime.Server.Api;

/// <summary><c>POST /dev/tokens</c>: a token for trying things out. Mapped in the Development environment only.</summary>
internal static class DevTokenEndpoint
{
    internal static async Task<IResult> HandleAsync(
        HttpContext context, DevSigningKey key, IOptionsMonitor<JwtBearerOptions> bearer, CancellationToken cancellationToken)
    {
        try
        {
            var request = await context.Request.ReadFromJsonAsync(RealtimeJsonContext.Default.DevTokenRequest, cancellationToken);
            if (!UserId.IsValid(request?.UserId)) return Problems.Result(Problem.Invalid("userId", $"must be {UserId.Rule}"));
            _ = bearer.Get(JwtBearerDefaults.AuthenticationScheme); // the key is made known while the options are built
            return TypedResults.Json(key.Issue(request!.UserId, request.Scopes ?? []), RealtimeJsonContext.Default.DevToken);
        }
        catch (JsonException)
        {
            return Problems.Result(Problem.Invalid("userId", "must be a string in a JSON object"));
        }
        catch (InvalidOperationException) when (!context.Request.HasJsonContentType())
        {
            return Problems.Result(Problem.Invalid("Content-Type", "must be application/json"));
        }
    }
}

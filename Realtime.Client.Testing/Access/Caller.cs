namespace Realtime.Client.Testing.Access;

/// <summary>Who a valid token is.</summary>
internal sealed record Caller(string UserId, IReadOnlyList<string> Scopes, DateTimeOffset ExpiresAt)
{
    public bool HasScope(string scope) => Scopes.Contains(scope, StringComparer.Ordinal);
}

namespace Realtime.Server.Auth;

/// <summary>A token cannot be judged, because the authority's keys cannot be had now. Says nothing against the token.</summary>
internal sealed class AuthorityUnavailableException(string message) : Exception(message);

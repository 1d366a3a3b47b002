namespace Realtime.Server.Revocations;

/// <summary>This node has not read yet what is revoked, so it can neither accept nor refuse a token: 503, not 401.</summary>
internal sealed class RevocationsUnknownException() : Exception("What is revoked is not known yet: the store has not answered since this node started.");

namespace Realtime.Client.Connection;

/// <summary>One block of a stream of server-sent events, comments left out.</summary>
/// <param name="Id">Its <c>id</c>, if it has one.</param>
/// <param name="Name">Its <c>event</c>, if it has one.</param>
/// <param name="Data">Its <c>data</c> lines, joined by line feeds; <see langword="null"/> without any.</param>
/// <param name="Retry">Its <c>retry</c>, if it has one.</param>
internal sealed record EventStreamBlock(string? Id, string? Name, byte[]? Data, TimeSpan? Retry);

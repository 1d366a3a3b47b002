namespace Realtime.Contracts.Rest;

/// <summary>Answer of <c>GET /api/v1/admin/revocations</c>, newest first.</summary>
public sealed record RevocationPage
{
    /// <summary>The revocations.</summary>
    public required IReadOnlyList<Revocation> Revocations { get; init; }

    /// <summary>Pass it as <c>before</c> for the next page; absent on the last one.</summary>
    public long? Next { get; init; }

    /// <summary>Whether there are older ones.</summary>
    public required bool HasMore { get; init; }
}

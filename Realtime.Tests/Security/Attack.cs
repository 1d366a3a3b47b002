using static Realtime.Tests.Security.Forge;

namespace Realtime.Tests.Security;

/// <summary>What is sent instead of a good request.</summary>
sealed record Attempt
{
    /// <value>The token; <see langword="null"/> sends none.</value>
    internal string? Token { get; init; }

    /// <value>Header lines instead of <c>Authorization: Bearer</c> with the token; for entrances that take it there.</value>
    internal string? HeaderLines { get; init; }

    /// <value>Added to the query.</value>
    internal string? Query { get; init; }

    /// <value>What stands for the user's name in the hub's path, encoded.</value>
    internal string HubName { get; init; } = User;
}

/// <summary>One row of the table: an attempt, made anew for each entrance, and what must be answered.</summary>
/// <param name="Name">In the table of docs/security.md.</param>
/// <param name="Make">Makes it.</param>
/// <param name="Answer">The status to expect at an entrance; <see langword="null"/> where the attempt makes no sense.</param>
sealed record Attack(string Name, Func<Forge, Attempt> Make, Func<Entrance, int?> Answer)
{
    /// <summary>By the token itself: refused everywhere alike.</summary>
    internal static Attack ByToken(string name, Func<Forge, string?> token) => new(name, f => new Attempt { Token = token(f) }, _ => 401);

    /// <summary>By claims that the issuer has signed.</summary>
    internal static Attack ByClaims(string name, params (string Name, string? Json)[] changes) => ByToken(name, f => f.Genuine(Claims(changes)));

    /// <summary>By a header that the issuer has signed nothing of; the signature is made by the attacker.</summary>
    internal static Attack ByHeader(string name, Func<Forge, string> header, Func<Forge, byte[], byte[]> sign) =>
        ByToken(name, f => Token(header(f), Claims(), input => sign(f, input)));

    /// <summary>A token of somebody who names himself nearly as the user does: a good token, but not of this user.</summary>
    internal static Attack ByName(string name, string subject, bool isValidName) => new(
        name,
        f => new Attempt { Token = f.Genuine(Claims(("sub", Text(subject)))) },
        e => e.IsForAnybody ? null : e.NamesUser || e.Carrier == Carrier.Call ? 403 : isValidName ? 200 : 400);

    /// <summary>A good token, carried as it should not be; only where the header is asked for.</summary>
    internal static Attack ByCarrier(string name, Func<string, Attempt> carry, Func<Entrance, int?>? answer = null) =>
        new(name, f => carry(f.Genuine()), e => e.Carrier == Carrier.Header ? (answer ?? (_ => 401))(e) : null);

    /// <summary>A good token at a hub's path that somebody else might be meant by.</summary>
    internal static Attack ByRoute(string hubName, int answer, bool isForOneselfAccepted = false) => new(
        $"hub of `{hubName}`",
        f => new Attempt { Token = f.Genuine(), HubName = hubName },
        e => e.Name is "negotiate" or "ws" ? isForOneselfAccepted ? e.Accepted : answer : null);

    /// <summary>A good token at a REST call that names somebody.</summary>
    internal static Attack ByQuery(string query, Func<Entrance, int> answer) => new(
        $"REST with `{query}`",
        f => new Attempt { Token = f.Genuine(), Query = query },
        e => e is { IsHub: false, IsForAnybody: false, Carrier: Carrier.Header } && !e.NamesUser ? answer(e) : null);
}

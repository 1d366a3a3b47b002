namespace Realtime.Contracts;

/// <summary>Scopes that a token may carry in <c>scope</c>, <c>scp</c> or <c>permissions</c>.</summary>
public static class Scopes
{
    /// <summary>May publish events for users.</summary>
    public const string Publish = "events:publish";

    /// <summary>May read the brake of any user; workers need it.</summary>
    public const string ReadBrake = "brake:read";

    /// <summary>May administer: revoke tokens, and disconnect users.</summary>
    public const string Admin = "realtime:admin";
}

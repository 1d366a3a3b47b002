namespace Realtime.Server.Revocations;

/// <summary>What an entry of the table of revocations is about.</summary>
internal enum RevocationKind
{
    /// <summary>One token, by its <c>jti</c>.</summary>
    Token,

    /// <summary>All tokens of a user that were issued before a time.</summary>
    User,

    /// <summary>The connections of a user are to be closed once; tokens stay as they are.</summary>
    Disconnect,
}

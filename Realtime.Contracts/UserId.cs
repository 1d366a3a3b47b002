using System.Diagnostics.CodeAnalysis;

namespace Realtime.Contracts;

/// <summary>What may name a user, and the group that carries the user's events.</summary>
public static class UserId
{
    /// <summary>Greatest length in characters.</summary>
    public const int MaxLength = 128;

    /// <summary>The rule in words, for error messages.</summary>
    public const string Rule = "1 to 128 of letters, digits and _ - . : | @ +, and not '.', '..' or 'negotiate'";

    private const string GroupPrefix = "agent:status:";

    /// <summary>Whether the text may name a user. Names are compared ordinally.</summary>
    /// <param name="text">The candidate.</param>
    public static bool IsValid([NotNullWhen(true)] string? text)
    {
        if (text is null || text.Length is < 1 or > MaxLength || text is "." or ".." or "negotiate") return false;
        foreach (char c in text)
        {
            bool allowed = c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9')
                or '_' or '-' or '.' or ':' or '|' or '@' or '+';
            if (!allowed) return false;
        }

        return true;
    }

    /// <summary>Name of the user's group, <c>agent:status:{user_id}</c>; on Redis the channel's name ends with it.</summary>
    /// <param name="userId">A valid user id.</param>
    public static string GroupOf(string userId) => GroupPrefix + userId;

    /// <summary>Whether a group is a user's.</summary>
    /// <param name="group">Name of a group.</param>
    public static bool IsGroup(string group) => group.StartsWith(GroupPrefix, StringComparison.Ordinal);

    /// <summary>The user of a group; the inverse of <see cref="GroupOf"/>.</summary>
    /// <param name="group">Name of a user's group.</param>
    public static string OfGroup(string group) => group.Substring(GroupPrefix.Length);
}

using System.Security.Claims;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Realtime.Contracts.Rest;

namespace Realtime.Server.Auth;

/// <summary>
/// For whom, and in the name of which agents, a token may publish: the claims <see cref="UsersClaim"/> and <see cref="AgentsClaim"/>, each a
/// string or an array of strings, compared ordinally. A token without them is not restricted. One that names agents may publish only
/// events whose <c>data.agentId</c> is among them, so none without such a member. Immutable.
/// </summary>
internal sealed class PublishGrants
{
    internal const string UsersClaim = "realtime_users";
    internal const string AgentsClaim = "realtime_agents";
    private const string AgentId = "agentId";
    private readonly HashSet<string>? _users;
    private readonly HashSet<string>? _agents;

    private PublishGrants(HashSet<string>? users, HashSet<string>? agents)
    {
        _users = users;
        _agents = agents;
    }

    /// <summary>What the token restricts; <see langword="null"/> when it restricts nothing.</summary>
    public static PublishGrants? Of(ClaimsPrincipal user)
    {
        var users = ValuesOf(user, UsersClaim);
        var agents = ValuesOf(user, AgentsClaim);
        return users is null && agents is null ? null : new PublishGrants(users, agents);
    }

    /// <summary>An empty array makes no claim at all, and would read as "not restricted": it is written down as a claim that allows nothing.</summary>
    public static void Complete(ClaimsPrincipal user, SecurityToken token)
    {
        if (token is not JsonWebToken jwt || user.Identity is not ClaimsIdentity identity) return;
        foreach (string claim in (ReadOnlySpan<string>)[UsersClaim, AgentsClaim])
        {
            if (user.FindFirst(claim) is null && jwt.TryGetPayloadValue<object>(claim, out _)) identity.AddClaim(new Claim(claim, string.Empty));
        }
    }

    /// <summary>Demands that every event of an array is allowed.</summary>
    /// <param name="requests">The events.</param>
    /// <param name="array">What they were read from.</param>
    /// <exception cref="PublishRestrictedException">One is not; nothing may be stored.</exception>
    public void DemandAll(IReadOnlyList<PublishRequest> requests, JsonElement array)
    {
        int index = 0;
        foreach (var item in array.EnumerateArray())
        {
            Demand(requests[index], item, index);
            index++;
        }
    }

    /// <summary>Demands that an event is allowed.</summary>
    /// <param name="request">The event.</param>
    /// <param name="item">What it was read from.</param>
    /// <param name="index">Its place in an array.</param>
    /// <exception cref="PublishRestrictedException">It is not.</exception>
    public void Demand(PublishRequest request, JsonElement item, int? index)
    {
        if (_users?.Contains(request.UserId) == false) throw new PublishRestrictedException("userId", UsersClaim, index);
        if (_agents is not null && !IsOwnAgent(item.GetProperty("data"))) throw new PublishRestrictedException("data.agentId", AgentsClaim, index);
    }

    private static HashSet<string>? ValuesOf(ClaimsPrincipal user, string claim) => user.FindFirst(claim) is null
        ? null
        : [.. user.FindAll(claim).Select(found => found.Value).Where(value => value.Length > 0)];

    /// <summary>
    /// The data travels as it was sent, and readers differ in which of two members with one name they believe, or in what they take for
    /// the same name: so each that any of them could mean must be allowed.
    /// </summary>
    private bool IsOwnAgent(JsonElement data)
    {
        if (data.ValueKind != JsonValueKind.Object) return false;
        bool isNamed = false;
        foreach (var member in data.EnumerateObject())
        {
            if (!string.Equals(member.Name, AgentId, StringComparison.OrdinalIgnoreCase)) continue;
            if (member.Value.ValueKind != JsonValueKind.String || !_agents!.Contains(TextOf(member.Value))) return false;
            isNamed |= member.Name == AgentId;
        }

        return isNamed;
    }

    /// <summary>Half of a surrogate pair is text to the parser, but not to .NET; it names no agent.</summary>
    private static string TextOf(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return string.Empty;
        }
    }
}

using Realtime.Contracts;
using Realtime.Server.Api;

namespace Realtime.Server.Auth;

/// <summary>A publisher's token does not allow an event; nothing was stored.</summary>
/// <param name="field">Which member of the event.</param>
/// <param name="claim">The claim that leaves it out.</param>
/// <param name="index">Which event of an array; <see langword="null"/> for a single one.</param>
internal sealed class PublishRestrictedException(string field, string claim, int? index) : Exception($"{PathOf(field, index)} is not among the token's {claim}.")
{
    /// <summary>403 that names the field, and in an array the index.</summary>
    public Problem ToProblem()
    {
        var extensions = new Dictionary<string, object?>
        {
            ["errors"] = new Dictionary<string, string[]> { [PathOf(field, index)] = [$"is not among the token's {claim}"] },
        };
        if (index is not null) extensions["index"] = index;
        return new Problem(StatusCodes.Status403Forbidden, ProblemTypes.PublishRestricted, "The token does not allow this event.", Message) { Extensions = extensions };
    }

    private static string PathOf(string field, int? index) => index is null ? field : $"[{index}].{field}";
}

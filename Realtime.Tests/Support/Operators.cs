using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Realtime.Contracts;

namespace Realtime.Tests.Support;

/// <summary>What an operator does to a server.</summary>
static class Operators
{
    internal static HttpClient Operator(this RealtimeHost host) => host.ClientFor("operator", Scopes.Admin);

    /// <summary>Revokes one token by its jti.</summary>
    internal static Task RevokeTokenAsync(this RealtimeHost host, string jti) => RevokeAsync(host, new JsonObject { ["jti"] = jti });

    /// <summary>Revokes the tokens of a user that were issued before now.</summary>
    internal static Task RevokeUserAsync(this RealtimeHost host, string user) => RevokeAsync(host, new JsonObject { ["userId"] = user });

    internal static async Task DisconnectAsync(this RealtimeHost host, string user)
    {
        using var http = host.Operator();
        var answer = await http.PostAsync(Routes.Disconnect.Replace("{user_id}", Uri.EscapeDataString(user), StringComparison.Ordinal), null).WithinDeadline();
        answer.StatusCode.Should().Be(HttpStatusCode.Accepted);
    }

    internal static async Task<HttpStatusCode> StatusAsync(this HttpClient http, string path = Routes.Events) => (await http.GetAsync(path).WithinDeadline()).StatusCode;

    static async Task RevokeAsync(RealtimeHost host, JsonObject body)
    {
        using var http = host.Operator();
        var answer = await http.PostAsync(Routes.Revocations, Samples.Json(body)).WithinDeadline();
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }
}

using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Realtime.Contracts;
using Realtime.Server;
using Realtime.Tests.Support;

namespace Realtime.Tests.Docs;

/// <summary>docs/authentication.md: each provider's settings take a token of the shape beside them, signed by an issuer of ours.</summary>
public sealed class AuthenticationPageTests
{
    const string Document = "docs/authentication.md";
    const string Bearer = "Authentication:Schemes:Bearer:";

    static IEnumerable<string> Providers => Blocks("token").Select(b => b.Info["token ".Length..]);

    [TestCaseSource(nameof(Providers))]
    [Category("Integration")]
    public async Task Tokens_of_the_shape_shown_are_taken_with_the_settings_beside_them(string provider)
    {
        var settings = Settings(Blocks("settings").Single(b => b.Info == $"settings {provider.Split(' ')[0]}").Code);
        var claims = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(Blocks("token").Single(b => b.Info == $"token {provider}").Code)!;
        string issuer = claims["iss"].GetString()!;
        settings[Bearer + "Authority"].Should().Be(issuer, "discovery and tokens name the same issuer");

        using var tokens = TestTokens.Rsa();
        await using var authority = await FakeAuthority.StartAsync(tokens);
        authority.Issuer = issuer;
        settings[Bearer + "MetadataAddress"] = authority.Url + "/.well-known/openid-configuration"; // instead of asking the provider itself
        settings[Bearer + "RequireHttpsMetadata"] = "false";
        await using var host = await RealtimeHost.StartAsync(settings, tokens, trustTokens: false);

        using var user = host.ClientWith(tokens.Create(Claims(claims)));
        (await user.StatusAsync($"{Routes.Events}?user_id={Uri.EscapeDataString(claims["sub"].GetString()!)}")).Should().Be(HttpStatusCode.OK);
        using var stranger = host.ClientWith(tokens.Create(Claims(claims, "iss", "https://evil.test")));
        (await stranger.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized);
        if (settings.Keys.Any(k => k.StartsWith(Bearer + "ValidAudiences", StringComparison.Ordinal)))
        {
            using var other = host.ClientWith(tokens.Create(Claims(claims, "aud", "another")));
            (await other.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized);
        }

        bool mayPublish = claims.Any(c => c.Key is "scope" or "scp" or "permissions" or "roles" && c.Value.GetRawText().Contains(Scopes.Publish, StringComparison.Ordinal));
        using var published = await user.PostAsync(Routes.Events, Samples.Json(Samples.Step("user_42"))).WithinDeadline();
        published.StatusCode.Should().Be(mayPublish ? HttpStatusCode.Created : HttpStatusCode.Forbidden);
    }

    [Test]
    public void Every_block_of_settings_is_taken()
    {
        foreach (var block in Blocks("settings"))
        {
            var settings = Settings(block.Code.Replace("<32 random bytes in base64>", Convert.ToBase64String(new byte[32]), StringComparison.Ordinal));
            var builder = Host.CreateApplicationBuilder();
            builder.Configuration.Sources.Clear();
            builder.Configuration.AddInMemoryCollection(settings);
            builder.Environment.EnvironmentName = "Production";
            var add = () => builder.AddRealtimeServer();
            add.Should().NotThrow(block.ToString());
        }
    }

    static IEnumerable<Markdown.CodeBlock> Blocks(string kind) => Markdown.CodeBlocks(Document).Where(b => b.Info.Split(' ')[0] == kind);

    static Dictionary<string, string?> Settings(string json)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return new ConfigurationBuilder().AddJsonStream(stream).Build().AsEnumerable().Where(s => s.Value is not null).ToDictionary(s => s.Key, s => s.Value);
    }

    /// <summary>The claims as shown, but issued now.</summary>
    static TokenClaims Claims(Dictionary<string, JsonElement> shown, string? instead = null, string? value = null)
    {
        var further = shown.Where(c => c.Key is not ("iat" or "nbf" or "exp")).ToDictionary(c => c.Key, c => c.Key == instead ? value! : (object)c.Value);
        return new TokenClaims { Subject = null, Issuer = null, Audience = null, Id = null, Further = further };
    }
}

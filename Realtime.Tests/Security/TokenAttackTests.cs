using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Security;

/// <summary>
/// Every forgery at every entrance, on real Kestrel, against a server that trusts three kinds of keys at once. The table of
/// docs/security.md is compared with what was answered; with <c>WRITE_SECURITY_TABLE=1</c> it is written instead.
/// </summary>
[Category("Integration")]
public sealed class TokenAttackTests
{
    // All tokens of unknown keys wait for the authority together, not one after the other.
    const int AtOnce = 256;
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    readonly ConcurrentDictionary<(Attack Attack, Entrance Entrance), RawAnswer> _answers = new();
    Forge _forge = null!;
    WebApplication _authority = null!;
    RealtimeHost _host = null!;
    Renewals _renewals = null!;
    string _position = null!;

    static IReadOnlyList<Attack> All => [.. Attacks.Families.SelectMany(f => f.Attacks)];

    [OneTimeSetUp]
    public async Task Attack_everything()
    {
        _forge = new Forge();
        _authority = await StartAuthorityAsync(_forge);
        _host = await RealtimeHost.StartAsync(
            new Dictionary<string, string?>
            {
                ["Authentication:Schemes:Bearer:Authority"] = _authority.Urls.Single(),
                ["Authentication:Schemes:Bearer:RequireHttpsMetadata"] = "false",
                ["Realtime:AuthorizedParties:0"] = Forge.Party,
                ["Realtime:MaxConnectionsPerUser"] = "0", // no limit: what is asked is what a token opens
                ["Realtime:RateLimits:RequestsPerSecondPerUser"] = "0",
                ["Realtime:RateLimits:ConnectsPerSecond"] = "0",
            },
            TestTokens.Hmac(_forge.Secret, Forge.SecretId),
            environment: "Development"); // where everything is mapped that is mapped anywhere
        _renewals = new Renewals(_host.Address, _forge);
        using var user = _host.ClientWith(_forge.Genuine());
        _position = (await (await user.GetAsync(Routes.Events).WithinDeadline()).JsonAsync()).GetProperty("head").GetString()!;

        var pairs = All.SelectMany(a => Entrance.All.Where(e => a.Answer(e) is not null).Select(e => (Attack: a, Entrance: e))).ToList();
        await Parallel.ForEachAsync(pairs, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (pair, _) =>
            _answers[pair] = await TryAsync(pair.Attack.Make(_forge), pair.Entrance)).WithinDeadline(Patience);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_authority is not null) await _authority.DisposeAsync();
        _forge?.Dispose();
    }

    [Test]
    public void Every_forgery_is_refused_at_every_entrance_and_every_genuine_token_accepted()
    {
        All.Should().HaveCountGreaterThan(100).And.OnlyHaveUniqueItems(a => a.Name);
        _answers.Should().HaveCountGreaterThan(1_000);
        _answers.Where(a => a.Value.Status != a.Key.Attack.Answer(a.Key.Entrance))
            .Select(a => $"{a.Key.Attack.Name} at {a.Key.Entrance}: {a.Value.Status} instead of {a.Key.Attack.Answer(a.Key.Entrance)} {a.Value.Header("WWW-Authenticate")} {a.Value.Body.Split('\n')[0]}")
            .Order(StringComparer.Ordinal).Should().BeEmpty();
    }

    [Test]
    public void A_refusal_says_why_and_nothing_is_a_server_error()
    {
        var refused = _answers.Where(a => a.Value.Status == 401 && a.Key.Entrance.Carrier != Carrier.Call).ToList();
        refused.Should().NotBeEmpty();
        refused.Where(a => !a.Value.Header("WWW-Authenticate").StartsWith("Bearer", StringComparison.Ordinal)
                || !a.Value.Header("WWW-Authenticate").Contains("error_description=", StringComparison.Ordinal)
                || !a.Value.Header("Content-Type").StartsWith("application/problem+json", StringComparison.Ordinal))
            .Select(a => $"{a.Key.Attack.Name} at {a.Key.Entrance}").Should().BeEmpty();
        _answers.Where(a => a.Value.Status >= 500).Select(a => $"{a.Key.Attack.Name} at {a.Key.Entrance}").Should().BeEmpty();
        _host.Logs.All.Where(l => l.Level >= LogLevel.Error).Select(l => l.Text).Should().BeEmpty("hostile input is nothing that an operator could repair");
    }

    [Test]
    public void Every_endpoint_that_asks_for_a_token_is_attacked()
    {
        var attacked = Entrance.All.Where(e => e.Carrier != Carrier.Call)
            .Select(e => (e.Method, Path: e.Path.Split('?')[0].Replace("{hub}", Routes.Hub, StringComparison.Ordinal).Replace("/page", "/{consumer}", StringComparison.Ordinal).Replace("/nobody/", "/{user_id}/", StringComparison.Ordinal)))
            .ToHashSet();

        var mapped = _host.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<IAuthorizeData>() is not null)
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"]).Select(m => (m, "/" + e.RoutePattern.RawText!.TrimStart('/'))))
            .Where(e => e is not ("GET", Routes.Hub + "/negotiate")).ToList();

        mapped.Should().HaveCountGreaterThan(8);
        mapped.Except(attacked).Should().BeEmpty("a new entrance gets its line in Entrance.All");
    }

    [Test]
    public void The_attack_table_of_the_security_page_is_what_was_answered()
    {
        const string Begin = "<!-- attacks: written by TokenAttackTests -->\n", End = "<!-- end of attacks -->";
        string file = Path.Combine(RepositoryPaths.Root, "docs", "security.md");
        string page = File.ReadAllText(file);
        int from = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, to = page.IndexOf(End, StringComparison.Ordinal);
        string table = Table();
        if (Environment.GetEnvironmentVariable("WRITE_SECURITY_TABLE") == "1") File.WriteAllText(file, page[..from] + table + page[to..]);
        else page[from..to].Should().Be(table, "with WRITE_SECURITY_TABLE=1 this test writes it");
    }

    /// <summary>A row for attempts of one family that were answered alike.</summary>
    string Table()
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{All.Count} attempts at {Entrance.All.Count} entrances, {_answers.Count} answers. Entrances (`?`: the token is in the query): {string.Join(", ", Entrance.All)}.\n\n"));
        text.Append("| Family | Attempts | Answer |\n| --- | --- | --- |\n");
        foreach (var (family, attacks) in Attacks.Families)
        {
            foreach (var alike in attacks.GroupBy(Answered))
                text.Append(CultureInfo.InvariantCulture, $"| {family} | {string.Join(" · ", alike.Select(a => a.Name.Replace("|", "\\|", StringComparison.Ordinal)))} | {alike.Key} |\n");
        }

        return text.ToString();
    }

    string Answered(Attack attack)
    {
        var at = Entrance.All.Where(e => _answers.ContainsKey((attack, e))).ToList();
        var byStatus = at.GroupBy(e => Show(_answers[(attack, e)].Status, e)).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).ToList();
        string where = at.Count == Entrance.All.Count ? string.Empty : at.Count <= 2 ? $" ({string.Join(", ", at)})" : string.Create(CultureInfo.InvariantCulture, $" ({at.Count} entrances)");
        return string.Join("; ", byStatus.Select((g, i) => i == 0 ? g.Key : $"{g.Key} at {string.Join(", ", g)}")) + where;

        static string Show(int status, Entrance entrance) => status == entrance.Accepted ? "accepted"
            : status == Entrance.Ended ? "connection ended"
            : status.ToString(CultureInfo.InvariantCulture);
    }

    async Task<RawAnswer> TryAsync(Attempt attempt, Entrance entrance)
    {
        if (entrance.Carrier == Carrier.Call) return await _renewals.TryAsync(attempt.Token!);

        string header = attempt.HeaderLines ?? (attempt.Token is { } token && entrance.Carrier == Carrier.Header ? $"Authorization: Bearer {token}\r\n" : string.Empty);
        var query = new List<string>();
        if (entrance.Carrier == Carrier.Query && attempt.Token is { } carried) query.Add($"access_token={Uri.EscapeDataString(carried)}");
        if (attempt.Query is { } further) query.Add(further);
        if (entrance.IsContinued) query.Add($"id={await ConnectionAsync(entrance.IsOpened)}");
        string path = entrance.Path.Replace("{hub}", $"{Routes.HubPrefix}/{attempt.HubName}", StringComparison.Ordinal);
        if (query.Count > 0) path += (path.Contains('?') ? "&" : "?") + string.Join('&', query);
        return await RawHttp.SendAsync(_host.Address, RawHttp.Request(entrance.Method, path, header + entrance.Further, entrance.Body.Replace("{position}", _position, StringComparison.Ordinal)));
    }

    /// <summary>A connection of the user's, for somebody to go on with.</summary>
    async Task<string> ConnectionAsync(bool isOpened)
    {
        string hub = Routes.HubFor(Forge.User), header = $"Authorization: Bearer {_forge.Genuine()}\r\n";
        var negotiated = await RawHttp.SendAsync(_host.Address, RawHttp.Request("POST", $"{hub}/negotiate?negotiateVersion=1", header + "Connection: close\r\n", string.Empty), isWhole: true);
        using var json = JsonDocument.Parse(negotiated.Body[negotiated.Body.IndexOf('{')..(negotiated.Body.LastIndexOf('}') + 1)]);
        string id = json.RootElement.GetProperty("connectionToken").GetString()!;
        if (isOpened) await RawHttp.SendAsync(_host.Address, RawHttp.Request("GET", $"{hub}?id={id}", header, string.Empty));
        return id;
    }

    static async Task<WebApplication> StartAuthorityAsync(Forge forge)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var authority = builder.Build();
        authority.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = Forge.Issuer, jwks_uri = $"{authority.Urls.Single()}/keys" }));
        authority.MapGet("/keys", () => Results.Text(forge.Jwks(), "application/json"));
        await authority.StartAsync().WithinDeadline();
        return authority;
    }

    /// <summary>Renews over a connection of each attempt's own: a token of an unknown key makes its connection wait.</summary>
    sealed class Renewals(Uri server, Forge forge)
    {
        internal async Task<RawAnswer> TryAsync(string token)
        {
            await using var tap = await HubTap.ConnectWithoutBarrierAsync(server, Forge.User, forge.Genuine());
            return Answer(await RenewAsync(tap, token));
        }

        static async Task<int> RenewAsync(HubTap tap, string token)
        {
            try
            {
                await tap.Connection.InvokeAsync<double>("RenewToken", token).WithinDeadline();
                return Entrance.Renewed;
            }
            catch (HubException refused) when (refused.Message.Contains(HubErrors.InvalidToken, StringComparison.Ordinal))
            {
                return StatusCodes.Status401Unauthorized;
            }
            catch (HubException refused) when (refused.Message.Contains(HubErrors.UserChanged, StringComparison.Ordinal))
            {
                await Eventually.Async("the connection is ended", () => tap.Connection.State == HubConnectionState.Disconnected);
                return StatusCodes.Status403Forbidden;
            }
            catch (Exception) when (tap.Connection.State == HubConnectionState.Disconnected)
            {
                return Entrance.Ended;
            }
            catch (HubException)
            {
                return StatusCodes.Status500InternalServerError;
            }
        }

        static RawAnswer Answer(int status) => new(status, Array.Empty<string>().ToLookup(s => s, StringComparer.Ordinal), string.Empty);
    }
}

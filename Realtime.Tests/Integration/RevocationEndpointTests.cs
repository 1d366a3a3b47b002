using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Server.EventStore;
using Realtime.Server.Revocations;
using Realtime.Server.Telemetry;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>The operator's calls, on a single node with its embedded store.</summary>
[Category("Integration")]
public sealed class RevocationEndpointTests
{
    RealtimeHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await RealtimeHost.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [TestCase("GET", Routes.Revocations)]
    [TestCase("POST", Routes.Revocations)]
    [TestCase("DELETE", Routes.Revocations + "?jti=x")]
    [TestCase("POST", "/api/v1/admin/users/anna/disconnect")]
    public async Task Without_the_scope_it_is_403_and_without_a_token_401(string method, string path)
    {
        using var publisher = _host.ClientFor("anna", Scopes.Publish, Scopes.ReadBrake);
        using var anybody = _host.ClientWith(token: null);

        var forbidden = await SendAsync(publisher, method, path);

        forbidden.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await forbidden.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.MissingScope);
        (await SendAsync(anybody, method, path)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [TestCase("{}", "jti")]
    [TestCase("null", "body")]
    [TestCase("[]", "body")]
    [TestCase("{", "body")]
    [TestCase("""{"jti":"a","userId":"b"}""", "jti")]
    [TestCase("""{"jti":""}""", "jti")]
    [TestCase("""{"jti":7}""", "jti")]
    [TestCase("{\"jti\":\"a\\u0000b\"}", "jti")]
    [TestCase("""{"jti":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"}""", "jti")]
    [TestCase("""{"userId":"a b"}""", "userId")]
    [TestCase("""{"userId":"anna","issuedBefore":"yesterday"}""", "issuedBefore")]
    [TestCase("""{"userId":"anna","issuedBefore":"2999-01-01T00:00:00Z"}""", "issuedBefore")]
    [TestCase("""{"userId":"anna","expiresAt":"2999-01-01T00:00:00Z"}""", "expiresAt")]
    [TestCase("""{"jti":"a","issuedBefore":"2026-01-01T00:00:00Z"}""", "issuedBefore")]
    [TestCase("""{"jti":"a","expiresAt":"2001-01-01T00:00:00Z"}""", "expiresAt")]
    [TestCase("""{"jti":"a","reason":"two\nlines"}""", "reason")]
    [TestCase("""{"userId":"anna","issued_before":"2026-01-01T00:00:00Z"}""", "issued_before")]
    public async Task A_body_that_cannot_be_meant_is_400_and_names_the_field(string body, string field)
    {
        using var http = _host.Operator();

        var refused = await http.PostAsync(Routes.Revocations, Samples.Json(body)).WithinDeadline();

        refused.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await refused.JsonAsync()).GetProperty("errors").EnumerateObject().Select(e => e.Name).Should().Equal(field);
    }

    [TestCase("GET", Routes.Revocations + "?limit=0")]
    [TestCase("GET", Routes.Revocations + "?before=x")]
    [TestCase("GET", Routes.Revocations + "?jti=a&user_id=b")]
    [TestCase("DELETE", Routes.Revocations)]
    [TestCase("POST", "/api/v1/admin/users/a%20b/disconnect")]
    public async Task A_question_that_cannot_be_meant_is_400(string method, string path)
    {
        using var http = _host.Operator();

        (await SendAsync(http, method, path)).StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [Test]
    public async Task What_is_revoked_is_answered_listed_taken_back_and_written_to_the_log_with_who_did_it()
    {
        using var http = _host.Operator();
        string token = _host.Tokens.Create(new TokenClaims { Subject = "listed", Id = "listed/1?" });
        using var user = _host.ClientWith(token);
        string one = $"{Routes.Revocations}?jti={Uri.EscapeDataString("listed/1?")}";

        var revoked = await (await http.PostAsync(Routes.Revocations, Samples.Json("""{"jti":"listed/1?","expiresAt":"2999-01-01T00:00:00+01:00","reason":"lost phone"}""")).WithinDeadline()).JsonAsync();

        revoked.GetProperty("jti").GetString().Should().Be("listed/1?");
        revoked.GetProperty("expiresAt").GetString().Should().Be("2998-12-31T23:00:00.000000Z");
        revoked.GetProperty("revokedBy").GetString().Should().Be("operator");
        revoked.TryGetProperty("userId", out _).Should().BeFalse();
        var listed = (await (await http.GetAsync(one).WithinDeadline()).JsonAsync()).GetProperty("revocations");
        listed.GetArrayLength().Should().Be(1);
        listed[0].GetRawText().Should().Be(revoked.GetRawText());
        (await user.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized);
        (await SendAsync(http, "DELETE", one)).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await SendAsync(http, "DELETE", one)).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await user.StatusAsync()).Should().Be(HttpStatusCode.OK, "it is taken back");
        var lines = _host.Logs.All.Where(l => l.Text.Contains("listed/1?", StringComparison.Ordinal)).Select(l => l.Text).ToList();
        lines.Should().Contain(l => l.Contains("Operator operator revoked", StringComparison.Ordinal) && l.Contains("lost phone", StringComparison.Ordinal));
        lines.Should().Contain(l => l.Contains("Operator operator took", StringComparison.Ordinal));
        _host.Logs.All.Should().NotContain(l => l.Text.Contains(token.Split('.')[2], StringComparison.Ordinal));
    }

    [TestCase(HttpTransportType.WebSockets)]
    [TestCase(HttpTransportType.ServerSentEvents)]
    [TestCase(HttpTransportType.LongPolling)]
    public async Task A_connection_of_any_transport_is_ended_and_comes_back_with_another_token(HttpTransportType transport)
    {
        string user = $"over|{transport}";
        string jti = Guid.NewGuid().ToString();
        string token = _host.Tokens.Create(new TokenClaims { Subject = user, Id = jti });
        await using var connection = new HubConnectionBuilder()
            .WithUrl(new Uri(_host.Address, Routes.HubFor(user)), transport, o => o.AccessTokenProvider = () => Task.FromResult<string?>(Volatile.Read(ref token)))
            .WithAutomaticReconnect([TimeSpan.Zero, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1)])
            .Build();
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Reconnected += _ => Task.FromResult(returned.TrySetResult());
        await connection.StartAsync().WithinDeadline();
        (await connection.InvokeAsync<string>("GetHead").WithinDeadline()).Should().EndWith(".0");

        Volatile.Write(ref token, _host.Tokens.Create(user));
        await _host.RevokeTokenAsync(jti);

        await returned.Task.WithinDeadline();
        (await connection.InvokeAsync<string>("GetHead").WithinDeadline()).Should().EndWith(".0");
    }

    [Test]
    public async Task A_renewed_connection_rests_on_its_new_token()
    {
        const string user = "renewed";
        await using var tap = await HubTap.ConnectAsync(_host.Address, user, Token(user, "first", hours: 1));
        await tap.Connection.InvokeAsync<double>("RenewToken", Token(user, "second", hours: 2)).WithinDeadline();
        await tap.Connection.InvokeAsync<double>("RenewToken", Token(user, "shorter", hours: 1)).WithinDeadline();

        await _host.RevokeTokenAsync("first");
        await _host.RevokeTokenAsync("shorter");
        (await tap.HeadAsync()).Should().EndWith(".0", "the connection lives by neither of them");

        await _host.RevokeTokenAsync("second");
        await Eventually.Async("the connection is ended", () => tap.Connection.State == HubConnectionState.Disconnected);
    }

    [Test]
    public async Task Refused_tokens_and_ended_connections_are_counted()
    {
        const string user = "counted";
        var meter = _host.Services.GetRequiredService<IMeterFactory>().Create(ServerMetrics.MeterName);
        var counted = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter == meter && instrument.Name.EndsWith(".revoked", StringComparison.Ordinal)) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => counted.Enqueue(instrument.Name));
        listener.Start();
        string token = Token(user, "counted", hours: 1);
        await using var tap = await HubTap.ConnectAsync(_host.Address, user, token);

        await _host.RevokeTokenAsync("counted");
        using var http = _host.ClientWith(token);
        (await http.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized);

        counted.Should().BeEquivalentTo(["realtime.server.connections.revoked", "realtime.server.tokens.revoked"]);
    }

    [Test]
    public async Task On_the_embedded_store_a_revocation_survives_a_restart()
    {
        var folder = Directory.CreateTempSubdirectory("realtime-revoked-");
        var settings = new Dictionary<string, string?> { ["Storage:SqlitePath"] = Path.Combine(folder.FullName, "store.db") };
        using var tokens = TestTokens.Hmac();
        string user = tokens.Create("anna"), single = tokens.Create(new TokenClaims { Subject = "berta", Id = "b1" });
        await using (var host = await RealtimeHost.StartAsync(settings, tokens))
        {
            await host.RevokeUserAsync("anna");
            await host.RevokeTokenAsync("b1");
        }

        await using (var host = await RealtimeHost.StartAsync(settings, tokens))
        {
            foreach (string token in new[] { user, single })
            {
                using var http = host.ClientWith(token);
                (await http.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized);
            }
        }

        folder.Delete(recursive: true);
    }

    [Test]
    public async Task Until_the_list_was_read_nobody_is_let_in_and_when_the_store_goes_later_what_is_known_stays_valid()
    {
        TableThatFails table = null!;
        await using var host = await RealtimeHost.StartAsync(
            configure: services => services.AddSingleton<IRevocationStore>(s => table = new TableThatFails(ActivatorUtilities.CreateInstance<SqliteRevocationStore>(s)) { IsAway = true }));
        using var good = host.ClientFor("anna");
        using var bad = host.ClientWith(host.Tokens.Create(new TokenClaims { Subject = "anna", Id = "stolen" }));
        using var anybody = host.ClientWith(token: null);

        var early = await good.GetAsync(Routes.Events).WithinDeadline();
        early.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        early.Headers.RetryAfter.Should().NotBeNull();
        (await early.JsonAsync()).GetProperty("type").GetString().Should().Be(ProblemTypes.StoreUnavailable);
        (await good.PostAsync($"{Routes.HubFor("anna")}/negotiate?negotiateVersion=1", null).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await anybody.StatusAsync(Routes.Ready)).Should().Be(HttpStatusCode.ServiceUnavailable);
        (await anybody.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized, "who brings no token is told so");

        table.IsAway = false;
        await Eventually.Async("the list is read", async () => await good.StatusAsync() == HttpStatusCode.OK);
        (await anybody.StatusAsync(Routes.Ready)).Should().Be(HttpStatusCode.OK);
        await host.RevokeTokenAsync("stolen");

        table.IsAway = true;
        await Eventually.Async("a look has failed", () => host.Logs.All.Count(l => l.Text.Contains("stays valid", StringComparison.Ordinal)) == 2);
        (await bad.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized);
        (await good.StatusAsync()).Should().Be(HttpStatusCode.OK);
        using var op = host.Operator();
        (await op.PostAsync(Routes.Revocations, Samples.Json("""{"userId":"anna"}""")).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
    }

    [Test]
    public async Task In_a_host_that_looks_at_every_request_or_lets_some_in_by_itself_what_is_revoked_is_refused_too()
    {
        var byHost = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "anna"), new Claim("jti", "by-host"), new Claim("exp", "32503680000")], "host"));
        await using var host = await RealtimeHost.StartAsync(configure: services => services.Configure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, bearer => bearer.Events = new JwtBearerEvents
        {
            OnMessageReceived = context =>
            {
                if (!context.Request.Headers.ContainsKey("X-Host")) return Task.CompletedTask;
                context.Principal = byHost;
                context.Success();
                return Task.CompletedTask;
            },
        }));
        using var withToken = host.ClientWith(host.Tokens.Create(new TokenClaims { Subject = "anna", Id = "by-token" }));
        using var without = host.ClientWith(token: null);
        without.DefaultRequestHeaders.Add("X-Host", "yes");
        (await withToken.StatusAsync()).Should().Be(HttpStatusCode.OK);
        (await without.StatusAsync()).Should().Be(HttpStatusCode.OK);

        await host.RevokeTokenAsync("by-token");
        await host.RevokeTokenAsync("by-host");

        (await withToken.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized);
        (await without.StatusAsync()).Should().Be(HttpStatusCode.Unauthorized);
    }

    string Token(string user, string jti, int hours) =>
        _host.Tokens.Create(new TokenClaims { Subject = user, Id = jti, ExpiresIn = TimeSpan.FromHours(hours) });

    static async Task<HttpResponseMessage> SendAsync(HttpClient http, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        return await http.SendAsync(request).WithinDeadline();
    }

    /// <summary>The table, in a store that may be away.</summary>
    sealed class TableThatFails(IRevocationStore table) : IRevocationStore
    {
        volatile bool _isAway;

        internal bool IsAway
        {
            get => _isAway;
            set => _isAway = value;
        }

        public Task<RevocationChanges> ReadChangesAsync(long since, CancellationToken cancellationToken) => Present().ReadChangesAsync(since, cancellationToken);

        public Task<Revocation> RevokeAsync(NewRevocation wanted, CancellationToken cancellationToken) => Present().RevokeAsync(wanted, cancellationToken);

        public Task<bool> WithdrawAsync(RevocationKind kind, string subject, CancellationToken cancellationToken) => Present().WithdrawAsync(kind, subject, cancellationToken);

        public Task<RevocationPage> ListAsync(RevocationQuestion question, CancellationToken cancellationToken) => Present().ListAsync(question, cancellationToken);

        IRevocationStore Present() => _isAway ? throw new StoreUnavailableException("Away.") : table;
    }
}

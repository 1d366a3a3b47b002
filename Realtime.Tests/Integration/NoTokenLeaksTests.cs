using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.Logging;
using Realtime.Contracts;
using Realtime.Tests.Support;

namespace Realtime.Tests.Integration;

/// <summary>Whatever is logged, traced or measured, at whatever level: a token, its payload and its signature are never in it.</summary>
[Category("Integration")]
public sealed class NoTokenLeaksTests
{
    const string User = "user_42";
    const string Provider = "Realtime.Tests.Support.LogLines";
    static readonly string[] Watched = ["Microsoft.AspNetCore", "Realtime", "Npgsql"];

    readonly ConcurrentQueue<string> _written = new();
    readonly List<string> _secrets = [];

    [Test]
    public async Task No_token_gets_into_a_log_a_trace_or_a_metric_whatever_the_configuration_asks_for()
    {
        using var activities = new ActivityListener
        {
            ShouldListenTo = source => IsWatched(source.Name),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData, // all that a span would tell; recorded, the events of other tests would carry their trace
            ActivityStopped = Write,
        };
        ActivitySource.AddActivityListener(activities);
        using var meters = ListenToMeters();
        await using var host = await RealtimeHost.StartAsync(LogEverything(), logLevel: LogLevel.Trace);

        foreach (string token in Tokens(host)) await CallEverythingAsync(host, token);
        await TalkAsync(host, HttpTransportType.WebSockets);
        await TalkAsync(host, HttpTransportType.ServerSentEvents);
        await TalkAsync(host, HttpTransportType.LongPolling);
        await SendWhatKestrelCannotReadAsync(host, Secret(host.Tokens.Create(User)));

        foreach (var (_, category, text) in host.Logs.All) _written.Enqueue($"{category}: {text}");
        ShouldHaveHeardAll(host);
        string[] parts = [.. _secrets.SelectMany(PartsOf).Distinct()];
        _written.Where(line => parts.Any(part => line.Contains(part, StringComparison.Ordinal))).Should().BeEmpty();
    }

    /// <summary>For all providers and for this one, for all categories and for those that would tell.</summary>
    static Dictionary<string, string?> LogEverything()
    {
        string[] telling = ["Default", "Microsoft", "Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.SignalR.Internal.DefaultHubDispatcher", "Microsoft.AspNetCore.Server.Kestrel.BadRequests"];
        return telling.SelectMany(category => new[] { $"Logging:LogLevel:{category}", $"Logging:{Provider}:LogLevel:{category}" }).ToDictionary(key => key, _ => (string?)"Trace");
    }

    IEnumerable<string> Tokens(RealtimeHost host)
    {
        string good = host.Tokens.Create(User, Scopes.Publish);
        yield return Secret(good);
        yield return Secret(host.Tokens.Create(new TokenClaims { Subject = User, ExpiresIn = TimeSpan.FromMinutes(-1) }));
        yield return Secret(host.Tokens.WithBrokenSignature(new TokenClaims { Subject = User }));
        yield return Secret(host.Tokens.Create(new TokenClaims { Subject = User, Issuer = "https://evil.test" }));
        yield return Secret(host.Tokens.Create(new TokenClaims { Subject = User, Audience = "somebody-else" }));
        yield return Secret(host.Tokens.Create("somebody_else", Scopes.Publish));
        yield return Secret(good[..^20]);
        yield return Secret(good.Replace('.', '~'));
    }

    async Task CallEverythingAsync(RealtimeHost host, string token)
    {
        string hub = Routes.HubFor(User);
        using var page = host.ClientWith(token: null);
        using var program = host.ClientWith(token);
        foreach (string query in new[] { $"access_token={token}", $"tab=1&access_token={token}&id=unknown", $"ACCESS_TOKEN={token}" })
        {
            await page.PostAsync($"{hub}/negotiate?negotiateVersion=1&{query}", null).WithinDeadline();
            await page.GetAsync($"{hub}?{query}").WithinDeadline();
            await page.PostAsync($"{hub}?{query}", new StringContent("{}")).WithinDeadline();
            await page.DeleteAsync($"{hub}?{query}").WithinDeadline();
            await page.GetAsync($"{Routes.HubFor("other")}?{query}").WithinDeadline();
            await page.GetAsync($"{Routes.Events}?{query}").WithinDeadline();
            await page.GetAsync($"{Routes.EventStream}?{query}", HttpCompletionOption.ResponseHeadersRead).WithinDeadline();
            await page.GetAsync($"/no-such-path?{query}").WithinDeadline();
            await HandshakeAsync(host, $"{hub}?{query}");
        }

        await program.PostAsync($"{hub}/negotiate?negotiateVersion=1", null).WithinDeadline();
        await program.GetAsync(Routes.Events).WithinDeadline();
        await program.GetAsync(Routes.Events + "?limit=0").WithinDeadline();
        await program.GetAsync(Routes.Activity).WithinDeadline();
        await program.GetAsync(Routes.Cursors).WithinDeadline();
        await program.PutAsync(Routes.Brake, Samples.Json("""{"engaged":true}""")).WithinDeadline();
        await program.PostAsync(Routes.Events, Samples.Json(Samples.Step(User))).WithinDeadline();
        await program.PostAsync(Routes.Events, Samples.Json("{")).WithinDeadline();
    }

    static async Task HandshakeAsync(RealtimeHost host, string target)
    {
        using var socket = new ClientWebSocket();
        try
        {
            await socket.ConnectAsync(new Uri($"ws://{host.Address.Authority}{target}"), CancellationToken.None).WithinDeadline();
        }
        catch (WebSocketException)
        {
            // Refused; what was written about it is what counts.
        }
    }

    /// <summary>A connection as a page makes it, renewed with good and with bad tokens.</summary>
    async Task TalkAsync(RealtimeHost host, HttpTransportType transport)
    {
        string own = Secret(host.Tokens.Create(User));
        var address = new Uri(host.Address, $"{Routes.HubFor(User)}?access_token={own}");
        await using var connection = new HubConnectionBuilder().WithUrl(address, transport, o => o.AccessTokenProvider = () => Task.FromResult<string?>(own)).Build();
        await connection.StartAsync().WithinDeadline();
        await connection.InvokeAsync<string>("GetHead").WithinDeadline();
        await connection.InvokeAsync<double>("RenewToken", Secret(host.Tokens.Create(User))).WithinDeadline();
        foreach (string bad in new[] { Secret(host.Tokens.WithBrokenSignature(new TokenClaims { Subject = User })), Secret(own + "x"), Secret(host.Tokens.Create("somebody_else")) })
        {
            var renewing = () => connection.InvokeAsync<double>("RenewToken", bad).WithinDeadline();
            await renewing.Should().ThrowAsync<HubException>();
        }
    }

    /// <summary>Requests that never get as far as a request: a blank in the target, and a header without an end.</summary>
    static async Task SendWhatKestrelCannotReadAsync(RealtimeHost host, string token)
    {
        foreach (string request in new[] { $"GET {Routes.HubFor(User)}?access_token={token} x HTTP/1.1\r\nHost: a\r\n\r\n", $"GET /?{token}\0 HTTP/1.1\r\n\r\n", $"GET / HTTP/1.1\r\nHost: a\r\nAuthorization Bearer {token}\r\n\r\n" })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(host.Address.Host, host.Address.Port).WithinDeadline();
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request)).WithinDeadline();
            using var answer = new StreamReader(socket.GetStream());
            (await answer.ReadToEndAsync().WithinDeadline()).Should().StartWith("HTTP/1.1 400");
        }
    }

    /// <summary>The test would also pass if nobody said anything.</summary>
    void ShouldHaveHeardAll(RealtimeHost host)
    {
        host.Logs.All.Should().Contain(l => l.Level <= LogLevel.Debug && l.Category.StartsWith("Microsoft.AspNetCore.Routing", StringComparison.Ordinal));
        host.Logs.All.Should().Contain(l => l.Level == LogLevel.Trace && l.Category.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal));
        host.Logs.All.Should().Contain(l => l.Category == "Microsoft.AspNetCore.Authentication.JwtBearer.JwtBearerHandler");
        _written.Should().Contain(line => line.StartsWith("activity ", StringComparison.Ordinal) && line.Contains("Microsoft.AspNetCore", StringComparison.Ordinal));
        _written.Should().Contain(line => line.StartsWith("metric ", StringComparison.Ordinal) && line.Contains("http.server.request.duration", StringComparison.Ordinal));
    }

    MeterListener ListenToMeters()
    {
        var meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (IsWatched(instrument.Meter.Name)) listener.EnableMeasurementEvents(instrument);
            },
        };
        meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Write(instrument, tags));
        meters.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Write(instrument, tags));
        meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Write(instrument, tags));
        meters.Start();
        return meters;
    }

    void Write(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var line = new StringBuilder($"metric {instrument.Meter.Name} {instrument.Name}");
        foreach (var (name, value) in tags) line.Append($" {name}={value}");
        _written.Enqueue(line.ToString());
    }

    void Write(Activity activity)
    {
        var events = activity.Events.Select(e => $"{e.Name} {string.Join(' ', e.Tags)}");
        _written.Enqueue($"activity {activity.Source.Name} {activity.DisplayName} {string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Baggage)} {string.Join(' ', events)}");
    }

    string Secret(string token)
    {
        lock (_secrets) _secrets.Add(token);
        return token;
    }

    /// <summary>A header says only how it was signed; the rest is the secret, whole or in halves.</summary>
    static IEnumerable<string> PartsOf(string token) => token.Split('.', '~').Skip(1).Where(part => part.Length > 10).SelectMany(part => new[] { part, part[..(part.Length / 2)] });

    static bool IsWatched(string name) => Watched.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}

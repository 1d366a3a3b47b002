using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Text;
using CsCheck;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Realtime.Contracts;
using Realtime.Server.Hubs;
using Realtime.Tests.Support;

namespace Realtime.Tests.Security;

/// <summary>
/// A running server under nonsense, while somebody else uses it: what follows a handshake goes into the real hub, in process for
/// the many and over real WebSockets for some; whole requests go to real Kestrel. Nothing is a fault of the server, and the other
/// user notices nothing.
/// </summary>
[Category("Integration")]
public sealed class FuzzServerTests
{
    const string User = "fuzzer";
    const string Handshake = "{\"protocol\":\"json\",\"version\":1}\u001e";
    const int Lanes = 4;
    const int UnknownHttpVersion = 505;

    static readonly Gen<string> Call = FuzzInputs.ObjectOf(
        ("type", Gen.Frequency((12, Gen.Const("1")), (4, Gen.Int[0, 12].Select(n => n.ToString())), (1, FuzzInputs.Digits))),
        ("target", Gen.Frequency((8, Gen.OneOf("\"GetHead\"", "\"RenewToken\"", "\"Acknowledge\"", "\"acknowledge\"")), (1, Gen.OneOf("\"OnConnectedAsync\"", "\"Dispose\"", "\"get_Context\"", "\"ReceiveEvent\"")), (1, FuzzInputs.AsString(FuzzInputs.Text)))),
        ("arguments", Gen.Frequency(
            (2, Gen.Const("[]")),
            (3, Gen.Select(FuzzInputs.AsString(FuzzInputs.Text), FuzzInputs.AsString(FuzzInputs.Position), (c, p) => $"[{c},{p}]")),
            (2, FuzzInputs.AsString(FuzzInputs.Text).Select(t => $"[{t}]")),
            (2, FuzzInputs.Json.Array[0, 3].Select(a => $"[{string.Join(',', a)}]")))),
        ("invocationId", Gen.Frequency((6, Gen.Const("\"1\"")), (1, FuzzInputs.AsString(FuzzInputs.Text)))));

    static readonly Gen<byte[]> Frames = Gen.Select(
        Gen.Frequency((20, Gen.Const(Encoding.UTF8.GetBytes(Handshake))), (1, FuzzInputs.AsBytes(FuzzInputs.WithFaults(Gen.Const(Handshake), oneOf: 1), oneOf: 2))),
        Gen.Select(FuzzInputs.AsBytes(Call, oneOf: 5), Gen.Frequency((20, Gen.Const<byte[]>([0x1e])), (1, Gen.Const<byte[]>([])), (1, Gen.Const<byte[]>([0x1e, 0x1e]))), (call, end) => (byte[])[.. call, .. end]).Array[0, 3],
        (handshake, calls) => (byte[])[.. handshake, .. calls.SelectMany(c => c)]);

    readonly ErrorLines _errors = new();
    RealtimeHost _host = null!;
    HealthyUser _healthy = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        var limitless = new[] { "ConnectsPerSecond", "RequestsPerSecondPerUser", "EventsPerSecondPerPublisher" }.ToDictionary(name => $"Realtime:RateLimits:{name}", _ => (string?)"0");
        _host = await RealtimeHost.StartAsync(limitless, configure: services => services.AddLogging(log => log.ClearProviders().AddProvider(_errors)));
        _healthy = await HealthyUser.ConnectAsync(_host);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_healthy is not null) await _healthy.DisposeAsync();
        if (_host is not null) await _host.DisposeAsync();
        _errors.Dispose();
    }

    [TearDown]
    public async Task Others_are_undisturbed_and_nothing_was_a_fault_of_the_server()
    {
        await _healthy.PublishAsync();
        await _healthy.HasReceivedEverythingAsync();
        _errors.All.Should().BeEmpty("hostile input is nothing that an operator could repair");
    }

    [Test]
    public async Task Fuzzed_hub_messages_never_fail_the_hub()
    {
        var hub = _host.Services.GetRequiredService<HubConnectionHandler<AgentHub>>();
        int count = Fuzz.Inputs(1_500), made = 0;
        await Fuzz.RunAsync("hub messages (in process)", Frames, count, Lanes, async (frames, _) =>
        {
            if (Interlocked.Increment(ref made) % Math.Max(1, count / 20) == 0) await _healthy.PublishAsync();
            string answers = await TalkAsync(hub, frames);
            foreach (string answer in answers.Split('\u001e')[..^1]) FuzzReference.IsJson(Encoding.UTF8.GetBytes(answer)).Should().BeTrue();
        }, FuzzInputs.Shown);
    }

    [Test]
    public async Task Fuzzed_bytes_over_a_websocket_never_fail_the_server()
    {
        int count = Fuzz.Inputs(150, oneOf: 50), made = 0;
        var frames = Gen.Select(Frames, Gen.Int[0, 5], Gen.ULong, (messages, how, seed) => how == 0 ? messages : Framed(messages, how == 1 ? seed : 0));
        string upgrade = RawHttp.Request("GET", Routes.HubFor(User), $"Authorization: Bearer {_host.Tokens.Create(User)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", string.Empty);
        await Fuzz.RunAsync("hub frames (WebSocket)", frames, count, Lanes, async (bytes, _) =>
        {
            if (Interlocked.Increment(ref made) % Math.Max(1, count / 20) == 0) await _healthy.PublishAsync();
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(enable: true, seconds: 0) };
            await socket.ConnectAsync(IPAddress.Loopback, _host.Address.Port);
            await socket.SendAsync(Encoding.ASCII.GetBytes(upgrade));
            byte[] answer = new byte[4096];
            (await socket.ReceiveAsync(answer)).Should().BePositive();
            Encoding.ASCII.GetString(answer, 0, 12).Should().Be("HTTP/1.1 101");
            try
            {
                await socket.SendAsync(bytes);
                socket.Shutdown(SocketShutdown.Send);
                while (await socket.ReceiveAsync(answer) > 0)
                {
                }
            }
            catch (SocketException)
            {
                // Cut off, which is an answer too.
            }
        }, FuzzInputs.Shown);
    }

    [Test]
    public async Task Fuzzed_requests_are_never_a_server_error()
    {
        int count = Fuzz.Inputs(400, oneOf: 25), made = 0;
        await Fuzz.RunAsync("requests (HTTP)", Request(_host.Tokens.Create(User, Scopes.Publish)), count, Lanes, async (request, _) =>
        {
            if (Interlocked.Increment(ref made) % Math.Max(1, count / 20) == 0) await _healthy.PublishAsync();
            try
            {
                (await RawHttp.SendAsync(_host.Address, request, isEnd: true)).Status.Should().Match(status => (status >= 101 && status <= 499) || status == UnknownHttpVersion, "nothing is the server's fault");
            }
            catch (Exception fault) when (fault is SocketException or IOException)
            {
                // Closed without an answer: there was no end to what was sent.
            }
        });
    }

    static Gen<string> Request(string token)
    {
        string[] paths = [Routes.Events, Routes.Activity, Routes.Brake, Routes.Cursors, Routes.Cursors + "/page", Routes.EventStream, Routes.HubFor(User), Routes.HubFor(User) + "/negotiate", Routes.Live, "/"];
        var parameter = Gen.Frequency(
            (3, FuzzInputs.Position.Select(p => "after=" + Encoded(p))),
            (2, FuzzInputs.Position.Select(p => "before=" + Encoded(p))),
            (3, FuzzInputs.Time.Select(t => "since=" + Encoded(t))),
            (1, FuzzInputs.Time.Select(t => "time=" + Encoded(t))),
            (2, FuzzInputs.Digits.Select(d => "limit=" + Encoded(d))),
            (1, FuzzInputs.Text.Select(t => "user_id=" + Encoded(t))),
            (1, FuzzInputs.Text.Select(t => "id=" + Encoded(t))),
            (1, FuzzInputs.Text));
        var target = Gen.Select(FuzzInputs.WithFaults(Gen.OneOf(paths), oneOf: 8), parameter.Array[0, 3], (path, query) => path + (query.Length > 0 ? "?" + string.Join('&', query) : string.Empty));
        var type = Gen.Frequency((9, "application/json"), (1, "application/json; charset=utf-16"), (1, "application/json; charset=nonsense"), (1, "text/plain"), (1, ""));
        var body = FuzzInputs.AsBytes(Gen.Frequency((2, FuzzInputs.Json), (1, FuzzReadingTests.Envelope)), oneOf: 5);
        return Gen.Select(Gen.OneOf("GET", "GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "X"), target, type, body, Gen.Int[0, 9], (method, path, contentType, bytes, how) =>
        {
            string text = Encoding.Latin1.GetString(bytes);
            string head = $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: {contentType}\r\n";
            return how switch
            {
                0 => $"{head}Transfer-Encoding: chunked\r\n\r\n{bytes.Length:x}\r\n{text}\r\n0\r\n\r\n",
                1 => $"{head}Transfer-Encoding: chunked\r\n\r\n{text}",
                2 => $"{head}Content-Length: {bytes.Length + 5}\r\n\r\n{text}",
                3 => $"{head}Content-Length: -1\r\n\r\n{text}",
                _ => $"{head}Content-Length: {bytes.Length}\r\n\r\n{text}",
            };
        });

        static string Encoded(string text) => text.Any(char.IsSurrogate) ? "%ED%A0%80" : Uri.EscapeDataString(text);
    }

    static async Task<string> TalkAsync(HubConnectionHandler<AgentHub> hub, byte[] frames)
    {
        var incoming = new Pipe();
        var outgoing = new Pipe();
        await using var connection = new DefaultConnectionContext(Guid.NewGuid().ToString("N"))
        {
            Transport = new Duplex(incoming.Reader, outgoing.Writer),
            User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", User), new Claim("exp", "99999999999")], "test")),
        };
        var talking = hub.OnConnectedAsync(connection);
        await incoming.Writer.WriteAsync(frames);
        await incoming.Writer.CompleteAsync();
        await talking;
        await outgoing.Writer.CompleteAsync();
        using var answers = new MemoryStream();
        await outgoing.Reader.CopyToAsync(answers);
        return Encoding.UTF8.GetString(answers.ToArray());
    }

    /// <summary>One masked text message (the mask is zero); with a seed its head is damaged.</summary>
    static byte[] Framed(byte[] message, ulong damage)
    {
        byte[] head = message.Length < 126
            ? [0x81, (byte)(0x80 | message.Length), 0, 0, 0, 0]
            : [0x81, 0x80 | 126, (byte)(message.Length >> 8), (byte)message.Length, 0, 0, 0, 0];
        if (damage != 0) head[damage % 4] ^= (byte)(damage >> 8);
        return [.. head, .. message];
    }

    sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}

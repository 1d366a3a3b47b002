using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Harness;

[Category("Integration")]
public sealed class CuttableProxyTests
{
    static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(250);

    EchoServer _echo = null!;
    CuttableProxy _proxy = null!;

    [SetUp]
    public void Start()
    {
        _echo = new EchoServer();
        _proxy = CuttableProxy.Start(_echo.Port);
    }

    [TearDown]
    public async Task Stop()
    {
        await _proxy.DisposeAsync().WithinDeadline();
        await _echo.DisposeAsync().WithinDeadline();
    }

    [Test]
    public async Task Bytes_pass_both_ways_and_connections_are_counted()
    {
        using var client = await ConnectAsync().WithinDeadline();

        (await EchoAsync(client, 7).WithinDeadline()).Should().Be(7);

        _proxy.ConnectionCount.Should().Be(1);
        _proxy.AcceptedCount.Should().Be(1);
        client.Dispose();
        await Eventually.Async("the closed connection is no longer counted", () => _proxy.ConnectionCount == 0);
    }

    [Test]
    public async Task Large_transfer_arrives_whole_and_in_order()
    {
        using var client = await ConnectAsync().WithinDeadline();
        var sent = new byte[3_000_000];
        new Random(1).NextBytes(sent);

        var received = await EchoAsync(client, sent).WithinDeadline();

        received.AsSpan().SequenceEqual(sent).Should().BeTrue();
    }

    [Test]
    public async Task End_of_one_direction_is_passed_on_and_the_other_still_works()
    {
        using var client = await ConnectAsync().WithinDeadline();
        await client.SendAsync(new byte[] { 9 }).WithinDeadline();
        client.Shutdown(SocketShutdown.Send);

        (await ReceiveAsync(client).WithinDeadline()).Should().Be(9);
        (await ReceiveAsync(client).WithinDeadline()).Should().BeNull();
    }

    [Test]
    public async Task Cut_resets_open_connections_and_welcomes_new_ones()
    {
        using var client = await ConnectAsync().WithinDeadline();
        await EchoAsync(client, 1).WithinDeadline();

        _proxy.Cut();

        var receive = () => ReceiveAsync(client);
        (await receive.Should().ThrowAsync<SocketException>()).Which.SocketErrorCode.Should().Be(SocketError.ConnectionReset);
        await Eventually.Async("the target's side is reset too", () => _echo.ResetCount == 1);
        using var next = await ConnectAsync().WithinDeadline();
        (await EchoAsync(next, 2).WithinDeadline()).Should().Be(2);
    }

    [Test]
    public async Task Refusing_turns_new_connections_away_until_it_accepts_again()
    {
        using var open = await ConnectAsync().WithinDeadline();
        await EchoAsync(open, 1).WithinDeadline();

        _proxy.Refuse();

        var connect = () => ConnectAsync();
        (await connect.Should().ThrowAsync<SocketException>()).Which.SocketErrorCode.Should().Be(SocketError.ConnectionRefused);
        (await EchoAsync(open, 2).WithinDeadline()).Should().Be(2, "open connections go on");
        _proxy.Accept();
        using var next = await ConnectAsync().WithinDeadline();
        (await EchoAsync(next, 3).WithinDeadline()).Should().Be(3);
    }

    [Test]
    public async Task Black_hole_swallows_and_healing_resets_what_lost_bytes()
    {
        using var hurt = await ConnectAsync().WithinDeadline();
        using var idle = await ConnectAsync().WithinDeadline();
        await EchoAsync(hurt, 1).WithinDeadline();
        await EchoAsync(idle, 1).WithinDeadline();

        _proxy.BlackHole();
        using var fresh = await ConnectAsync().WithinDeadline();
        await ShouldStaySilentAsync(EchoAsync(hurt, 2));
        await ShouldStaySilentAsync(EchoAsync(fresh, 3));
        _proxy.Heal();

        foreach (var socket in (Socket[])[hurt, fresh])
            await Eventually.Async("a connection that lost bytes is reset", () => IsReset(socket));
        (await EchoAsync(idle, 4).WithinDeadline()).Should().Be(4, "it lost nothing");
        _echo.ReceivedBytes.Should().Be(3, "nothing sent into the hole may arrive later");
    }

    [Test]
    public async Task Delay_is_added_in_each_direction_and_costs_no_throughput()
    {
        using var client = await ConnectAsync().WithinDeadline();
        var delay = TimeSpan.FromMilliseconds(100);
        _proxy.Delay(delay);
        var elapsed = Stopwatch.StartNew();

        await EchoAsync(client, 1).WithinDeadline();
        elapsed.Elapsed.Should().BeGreaterThan(2 * delay - TimeSpan.FromMilliseconds(5));

        elapsed.Restart();
        await EchoAsync(client, new byte[3_000_000]).WithinDeadline();
        elapsed.Elapsed.Should().BeLessThan(150 * delay, "one delay after the other would take more than 180");
    }

    [TestCase(ProxyDirection.ToServer, 1)]
    [TestCase(ProxyDirection.ToClient, 2)]
    public async Task Half_open_connection_is_silent_one_way_and_whole_after_it_resumes(ProxyDirection direction, int arrived)
    {
        using var client = await ConnectAsync().WithinDeadline();
        await EchoAsync(client, 1).WithinDeadline();

        _proxy.StopForwarding(direction);
        var echo = EchoAsync(client, 2);
        await ShouldStaySilentAsync(echo);
        await Eventually.Async("what goes the other way arrives", () => _echo.ReceivedBytes == arrived);
        _proxy.ResumeForwarding(direction);

        (await echo.WithinDeadline()).Should().Be(2);
    }

    [Test]
    public async Task Target_that_does_not_listen_resets_the_client()
    {
        await using var nowhere = CuttableProxy.Start(FreePort.Next());
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        // The reset may come while the client is still connecting.
        var use = async () =>
        {
            await client.ConnectAsync(IPAddress.Loopback, nowhere.Port).WithinDeadline();
            await ReceiveAsync(client).WithinDeadline();
        };

        await use.Should().ThrowAsync<SocketException>();
    }

    async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, _proxy.Port);
        return socket;
    }

    static async Task<byte?> EchoAsync(Socket socket, byte value)
    {
        await socket.SendAsync(new[] { value });
        return await ReceiveAsync(socket);
    }

    static async Task<byte[]> EchoAsync(Socket socket, byte[] content)
    {
        var sending = SendAllAsync();
        var received = new byte[content.Length];
        for (var count = 0; count < received.Length;)
        {
            var read = await socket.ReceiveAsync(received.AsMemory(count));
            read.Should().BePositive("the stream must not end early");
            count += read;
        }
        await sending;
        return received;

        async Task SendAllAsync()
        {
            for (var sent = 0; sent < content.Length;)
                sent += await socket.SendAsync(content.AsMemory(sent));
        }
    }

    /// <summary>Null at the end of the stream.</summary>
    static async Task<byte?> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[1];
        return await socket.ReceiveAsync(buffer) == 1 ? buffer[0] : null;
    }

    static async Task ShouldStaySilentAsync(Task echo)
    {
        var wait = () => echo.WaitAsync(Silence);
        await wait.Should().ThrowAsync<TimeoutException>();
    }

    static bool IsReset(Socket socket) =>
        (SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! != SocketError.Success
        || (socket.Poll(0, SelectMode.SelectRead) && !socket.Connected);
}

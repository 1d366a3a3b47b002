using System.Net;
using System.Net.Sockets;
using Realtime.Harness;

namespace Realtime.Tests.Harness;

public sealed class FreePortTests
{
    [Test]
    public void Concurrent_callers_never_get_the_same_port()
    {
        var ports = new int[100];
        Parallel.For(0, ports.Length, i => ports[i] = FreePort.Next());

        ports.Should().OnlyHaveUniqueItems();
    }

    [Test]
    public void Port_somebody_listens_on_cannot_be_bound()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        FreePort.CanBind(((IPEndPoint)listener.LocalEndpoint).Port).Should().BeFalse();
    }
}

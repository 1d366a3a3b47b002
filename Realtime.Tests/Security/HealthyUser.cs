using System.Net;
using Realtime.Contracts;
using Realtime.Tests.Client;
using Realtime.Tests.Support;

namespace Realtime.Tests.Security;

/// <summary>Somebody who uses the server while it is attacked: every event published for this user arrives, once and in order.</summary>
sealed class HealthyUser : IAsyncDisposable
{
    const string Name = "healthy";
    readonly ClientRun _run;
    readonly HttpClient _publisher;
    int _published;

    HealthyUser(ClientRun run, HttpClient publisher)
    {
        _run = run;
        _publisher = publisher;
    }

    internal static async Task<HealthyUser> ConnectAsync(RealtimeHost host)
    {
        var run = await ClientRun.LiveAsync(host.Address, o =>
        {
            o.UserId = Name;
            o.AccessTokenProvider = _ => new ValueTask<string>(host.Tokens.Create(Name));
        });
        return new HealthyUser(run, host.ClientFor("worker", Scopes.Publish));
    }

    internal async Task PublishAsync()
    {
        (await _publisher.PostAsync(Routes.Events, Samples.Json(Samples.Step(Name))).WithinDeadline()).StatusCode.Should().Be(HttpStatusCode.Created);
        Interlocked.Increment(ref _published);
    }

    internal async Task HasReceivedEverythingAsync()
    {
        _published.Should().BePositive();
        await _run.UntilSeenAsync(_published);
        _run.Sequences.Should().Equal(Enumerable.Range(1, _published).Select(n => (long)n));
    }

    public async ValueTask DisposeAsync()
    {
        await _run.DisposeAsync();
        _publisher.Dispose();
    }
}

using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Auth;

/// <summary>
/// Fetches the authority's keys: at start, so that the first user does not pay for it and "not reachable" shows as not ready; every
/// <see cref="Regular"/>, so that a key which the authority withdraws ends being trusted; and when a request meets a key that is not known.
/// </summary>
internal sealed class AuthorityRefresh(
    IOptionsMonitor<JwtBearerOptions> bearer, AuthorityKeys keys, TimeProvider time, ILogger<AuthorityRefresh> logger) : BackgroundService
{
    /// <summary>Time between two fetches when nobody asks.</summary>
    internal static readonly TimeSpan Regular = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);
    private volatile bool _hasHostsKeys;

    /// <summary>Whether tokens can be validated: there is no authority, or its keys are here.</summary>
    public bool IsReady => keys.Address is null ? _hasHostsKeys : keys.IsReady;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var settings = bearer.Get(JwtBearerDefaults.AuthenticationScheme);
        try
        {
            if (keys.Address is { } address) await KeepAsync(settings.Authority ?? address, stoppingToken);
            else await AwaitHostsAsync(settings.ConfigurationManager, settings.Authority ?? settings.MetadataAddress, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task KeepAsync(string authority, CancellationToken stopping)
    {
        var delay = FirstDelay;
        bool isKnown = false;
        while (true)
        {
            var begun = time.GetTimestamp();
            TimeSpan wait;
            try
            {
                int count = await keys.FetchAsync(stopping);
                if (isKnown) ServerLog.AuthorityAsked(logger, authority, count);
                else ServerLog.AuthorityReady(logger, authority, count);
                isKnown = true;
                delay = FirstDelay;
                wait = Regular;
            }
            catch (Exception fault) when (!stopping.IsCancellationRequested)
            {
                ServerLog.AuthorityNotReachable(logger, fault, authority, delay);
                wait = delay;
                delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, LongestDelay.Ticks));
            }

            await WaitAsync(wait, begun, stopping);
        }
    }

    /// <summary>Until a time has passed, or somebody asks; but then not sooner than the spacing allows.</summary>
    private async Task WaitAsync(TimeSpan regular, long begun, CancellationToken stopping)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var asked = keys.WhenAsked();
        var passed = Task.Delay(regular, time, over.Token);
        if (await Task.WhenAny(asked, passed) == asked)
        {
            var rest = AuthorityKeys.Spacing - time.GetElapsedTime(begun);
            if (rest > TimeSpan.Zero) await Task.WhenAny(passed, Task.Delay(rest, time, over.Token));
        }

        stopping.ThrowIfCancellationRequested();
        await over.CancelAsync();
    }

    /// <summary>A host that manages the keys by itself is only waited for; there is nothing to fetch when keys are configured.</summary>
    private async Task AwaitHostsAsync(IConfigurationManager<OpenIdConnectConfiguration>? manager, string authority, CancellationToken stopping)
    {
        for (var delay = FirstDelay; manager is not null; delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, LongestDelay.Ticks)))
        {
            try
            {
                var configuration = await manager.GetConfigurationAsync(stopping);
                ServerLog.AuthorityReady(logger, authority, configuration.SigningKeys.Count);
                break;
            }
            catch (Exception fault) when (!stopping.IsCancellationRequested)
            {
                ServerLog.AuthorityNotReachable(logger, fault, authority, delay);
                manager.RequestRefresh();
                await Task.Delay(delay, time, stopping);
            }
        }

        _hasHostsKeys = true;
    }
}

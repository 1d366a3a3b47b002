using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Auth;

/// <summary>Fetches the authority's keys at start, so that the first user does not pay for it and "not reachable" shows as not ready.</summary>
internal sealed class AuthorityWarmUp(IOptionsMonitor<JwtBearerOptions> bearer, TimeProvider time, ILogger<AuthorityWarmUp> logger) : BackgroundService
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);
    private volatile bool _isReady;

    /// <summary>Whether tokens can be validated: there is no authority, or its keys are here.</summary>
    public bool IsReady => _isReady;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var settings = bearer.Get(JwtBearerDefaults.AuthenticationScheme);
        var delay = FirstDelay;
        while (settings.ConfigurationManager is { } manager)
        {
            string authority = settings.Authority ?? settings.MetadataAddress;
            try
            {
                var configuration = await manager.GetConfigurationAsync(stoppingToken);
                ServerLog.AuthorityReady(logger, authority, configuration.SigningKeys.Count);
                break;
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                ServerLog.AuthorityNotReachable(logger, fault, authority, delay);
                manager.RequestRefresh();
                await Task.Delay(delay, time, stoppingToken);
                delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, LongestDelay.Ticks));
            }
        }

        _isReady = true;
    }
}

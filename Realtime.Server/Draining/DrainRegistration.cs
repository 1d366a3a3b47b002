using Microsoft.Extensions.Options;
using Realtime.Server.EventStore;

namespace Realtime.Server.Draining;

/// <summary>Registers the drain, and gives the host the time for it.</summary>
internal static class DrainRegistration
{
    private static readonly TimeSpan HostDefault = new HostOptions().ShutdownTimeout;

    internal static void Register(IServiceCollection services)
    {
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<Drain>(s, (Func<double>)RetentionJob.NextJitter));
        services.AddSingleton<StopSignals>();
        services.AddSingleton<LeavingAnswers>();
        services.AddHostedService<DrainAtStop>();
        services.AddOptions<HostOptions>().PostConfigure<IOptions<RealtimeOptions>>((host, realtime) => FitTimeout(host, realtime.Value));
    }

    /// <summary>The host's patience counts from the signal on. A longer one that the application has set stays; the default becomes ours.</summary>
    private static void FitTimeout(HostOptions host, RealtimeOptions realtime)
    {
        var needed = realtime.DrainWindow + Drain.TimeToEnd;
        bool isInfinite = host.ShutdownTimeout == Timeout.InfiniteTimeSpan;
        if (host.ShutdownTimeout == HostDefault || (!isInfinite && host.ShutdownTimeout < needed)) host.ShutdownTimeout = needed;
    }
}

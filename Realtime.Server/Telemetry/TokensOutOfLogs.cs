using Microsoft.Extensions.Options;
using Realtime.Server.Hubs;

namespace Realtime.Server.Telemetry;

/// <summary>
/// Categories of the framework that would write a token: hosting writes the URL of each request, and browsers carry their token in
/// it; the hub dispatcher writes the arguments of each call, of <c>RenewToken</c> too; Kestrel quotes requests that it cannot read. They
/// speak from the level at which they no longer do so, whatever the configuration says, for all providers or for one. The dispatcher
/// does not speak at all: every refused call is an error with a stack trace to it, and <see cref="HubFaults"/> tells what is one.
/// </summary>
internal sealed class TokensOutOfLogs : IPostConfigureOptions<LoggerFilterOptions>
{
    private static readonly (string Category, LogLevel Level)[] Categories =
    [
        ("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning),
        (HubFaults.DispatcherCategory, LogLevel.None),
        ("Microsoft.AspNetCore.Server.Kestrel.BadRequests", LogLevel.Information),
    ];

    /// <summary>A rule that names a provider wins over one that does not, and of equal ones the last wins: so one for each provider that has rules, at the end.</summary>
    public void PostConfigure(string? name, LoggerFilterOptions options)
    {
        string?[] providers = [null, .. options.Rules.Select(rule => rule.ProviderName).OfType<string>().Distinct()];
        foreach (string? provider in providers)
        {
            foreach (var (category, level) in Categories) options.Rules.Add(new LoggerFilterRule(provider, category, level, filter: null));
        }
    }
}

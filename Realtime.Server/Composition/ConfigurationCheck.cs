namespace Realtime.Server;

/// <summary>Finds what cannot work before anything is started, all faults at once.</summary>
internal static class ConfigurationCheck
{
    private const string Bearer = "Authentication:Schemes:Bearer";
    private static readonly string[] BearerSwitches = ["RequireHttpsMetadata", "IncludeErrorDetails", "MapInboundClaims", "RefreshOnIssuerKeyNotFound", "SaveToken"];

    internal static void Server(IConfiguration configuration, IHostEnvironment environment)
    {
        var faults = OptionFaults(configuration).ToList();
        if (IsSet(configuration, "ConnectionStrings:Redis") && !IsSet(configuration, "ConnectionStrings:Postgres"))
        {
            faults.Add("ConnectionStrings:Redis is set without ConnectionStrings:Postgres: several nodes with an embedded store each would be several histories. "
                + "Set ConnectionStrings:Postgres, or remove ConnectionStrings:Redis.");
        }

        faults.AddRange(ListenerFaults(configuration));
        faults.AddRange(BearerFaults(configuration));
        bool hasKey = IsSet(configuration, $"{Bearer}:Authority") || IsSet(configuration, $"{Bearer}:MetadataAddress")
            || configuration.GetSection($"{Bearer}:SigningKeys").GetChildren().Any();
        if (!environment.IsDevelopment() && !hasKey)
        {
            faults.Add($"No token authority: set {Bearer}:Authority to your identity provider's URL, or {Bearer}:SigningKeys "
                + "(environment variables write : as __). Only the Development environment makes a key of its own.");
        }

        ThrowIfAny(faults);
    }

    internal static void Publisher(IConfiguration configuration)
    {
        var faults = OptionFaults(configuration).ToList();
        if (!IsSet(configuration, "ConnectionStrings:Postgres"))
        {
            faults.Add("A publisher in a process of its own needs ConnectionStrings:Postgres: the embedded store belongs to the server's process. "
                + "With only the server's URL, publish over HTTP by AgentEventsPublisher of Realtime.Client.");
        }

        ThrowIfAny(faults);
    }

    internal static void Store(IConfiguration configuration) => ThrowIfAny([.. OptionFaults(configuration)]);

    private static IEnumerable<string> OptionFaults(IConfiguration configuration)
    {
        var section = configuration.GetSection(RealtimeOptions.Section);
        var faults = SettingNames.Faults(section, typeof(RealtimeOptions), out var unreadable);

        // Without the values that cannot be read: the binder would stop at the first, and hide what else is wrong.
        var options = new RealtimeOptions();
        new ConfigurationBuilder().AddInMemoryCollection(section.AsEnumerable(makePathsRelative: true).Where(p => !unreadable.Contains(p.Key))).Build().Bind(options);
        return [.. faults, .. options.Faults(), .. ConnectionFaults(configuration)];
    }

    private static IEnumerable<string> ConnectionFaults(IConfiguration configuration)
    {
        if (IsSet(configuration, "ConnectionStrings:Postgres") && SecretsCheck.Postgres(configuration["ConnectionStrings:Postgres"]!) is { } postgres)
            yield return postgres;
        if (IsSet(configuration, "ConnectionStrings:Redis") && SecretsCheck.Redis(configuration["ConnectionStrings:Redis"]!) is { } redis)
            yield return redis;
    }

    private static IEnumerable<string> ListenerFaults(IConfiguration configuration)
    {
        const string Key = $"{RealtimeOptions.Section}:{nameof(RealtimeOptions.ListenForNotifications)}";
        if (!string.Equals(configuration[Key], "true", StringComparison.OrdinalIgnoreCase)) yield break;
        if (!IsSet(configuration, "ConnectionStrings:Postgres"))
            yield return $"{Key} needs ConnectionStrings:Postgres: nobody but the server appends to an embedded store.";
        if (string.Equals(configuration[$"{RealtimeOptions.Section}:{nameof(RealtimeOptions.Backplane)}"], nameof(BackplaneKind.Stock), StringComparison.OrdinalIgnoreCase))
            yield return $"{Key} needs Realtime:Backplane shard: the head check beside SignalR's own backplane cannot push single users at once.";
    }

    private static IEnumerable<string> BearerFaults(IConfiguration configuration)
    {
        foreach (var key in configuration.GetSection($"{Bearer}:SigningKeys").GetChildren())
        {
            if (SecretsCheck.SigningKey(key) is { } fault) yield return fault;
        }

        foreach (string name in BearerSwitches)
        {
            if (IsSet(configuration, $"{Bearer}:{name}") && !bool.TryParse(configuration[$"{Bearer}:{name}"], out _))
                yield return $"{Bearer}:{name} is '{configuration[$"{Bearer}:{name}"]}'; it must be true or false.";
        }

        bool isHttpsRequired = !string.Equals(configuration[$"{Bearer}:RequireHttpsMetadata"], "false", StringComparison.OrdinalIgnoreCase);
        foreach (string name in new[] { "Authority", "MetadataAddress" })
        {
            if (!IsSet(configuration, $"{Bearer}:{name}")) continue;
            if (!Uri.TryCreate(configuration[$"{Bearer}:{name}"], UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp))
                yield return $"{Bearer}:{name} is '{configuration[$"{Bearer}:{name}"]}'; it looks like https://login.example.com.";
            else if (isHttpsRequired && uri.Scheme != Uri.UriSchemeHttps)
                yield return $"{Bearer}:{name} is not https; set {Bearer}:RequireHttpsMetadata to false if that is what you want.";
        }
    }

    private static bool IsSet(IConfiguration configuration, string key) => !string.IsNullOrWhiteSpace(configuration[key]);

    private static void ThrowIfAny(List<string> faults)
    {
        if (faults.Count > 0) throw new RealtimeConfigurationException(faults);
    }
}

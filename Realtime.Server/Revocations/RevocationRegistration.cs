namespace Realtime.Server.Revocations;

/// <summary>Registers what refuses revoked tokens, in a server.</summary>
internal static class RevocationRegistration
{
    internal static IServiceCollection AddRevocations(this IServiceCollection services)
    {
        services.AddSingleton<RevocationList>();
        services.AddSingleton<RevocationGate>();
        services.AddSingleton<RevokedConnections>();
        services.AddSingleton<RevocationHint>();
        services.AddSingleton<RevocationDesk>();
        services.AddSingleton<RevocationRefresh>();
        services.AddHostedService(s => s.GetRequiredService<RevocationRefresh>());
        return services;
    }
}

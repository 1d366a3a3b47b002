namespace Realtime.Server.CommandLine.Doctor;

/// <summary>What a server with this configuration would say at its start.</summary>
internal static class ConfigurationChecks
{
    private const string Name = "configuration";

    internal static IEnumerable<CheckResult> Run(Patient patient)
    {
        IReadOnlyList<string> faults = [];
        try
        {
            ConfigurationCheck.Server(patient.Configuration, patient.Environment);
        }
        catch (RealtimeConfigurationException fault)
        {
            faults = fault.Faults;
        }

        foreach (string fault in faults)
            yield return CheckResult.Failed(Name, patient.Secrets.Remove(fault), "Correct it in appsettings.json, the environment (: is written __) or on the command line; README.md lists the settings.");

        string store = patient.Postgres is null ? "embedded store" : "PostgreSQL";
        string summary = $"{patient.Environment.EnvironmentName}, {store}, {(patient.Redis is null ? "no Redis" : "Redis")}, content root {patient.Environment.ContentRootPath}";
        if (faults.Count == 0) yield return CheckResult.Ok(Name, summary);

        if (patient.Environment.IsDevelopment() && (patient.Postgres is not null || patient.Redis is not null))
        {
            yield return CheckResult.Warning(
                "configuration.environment", "Development beside PostgreSQL or Redis: there anybody gets a token of any user at /dev/tokens.",
                "Set ASPNETCORE_ENVIRONMENT=Production where others can reach the server.");
        }
    }
}

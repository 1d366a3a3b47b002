using System.Text.Json;
using Realtime.Harness;

namespace Realtime.Benchmarks.Systems;

/// <summary>Whoever tunes the server's runtime tunes the baselines too, or the comparison says nothing.</summary>
internal static class RuntimeSettings
{
    /// <exception cref="HarnessException">The server's runtime settings (garbage collector, thread pool) are not the baselines'.</exception>
    public static void RequireEqual()
    {
        string ours = Read(RepositoryPaths.BuiltAssembly("Realtime.Server", "Realtime.Server.runtimeconfig.json"));
        string theirs = Read(RepositoryPaths.BuiltAssembly("benchmarks/Baselines", "Realtime.Baselines.runtimeconfig.json"));
        if (ours != theirs)
            throw new HarnessException($"Realtime.Server runs with other runtime settings than benchmarks/Baselines; give both the same.\nServer:\n{ours}\nBaselines:\n{theirs}");
    }

    private static string Read(string file)
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(file));
        var runtime = settings.RootElement.GetProperty("runtimeOptions");
        return runtime.TryGetProperty("configProperties", out var properties)
            ? string.Join('\n', properties.EnumerateObject().Where(IsTuning).Select(p => $"{p.Name} = {p.Value}").Order(StringComparer.Ordinal))
            : string.Empty;
    }

    private static bool IsTuning(JsonProperty property) =>
        property.Name.StartsWith("System.GC.", StringComparison.Ordinal) || property.Name.StartsWith("System.Threading.", StringComparison.Ordinal)
        || property.Name.StartsWith("System.Runtime.Tiered", StringComparison.Ordinal);
}

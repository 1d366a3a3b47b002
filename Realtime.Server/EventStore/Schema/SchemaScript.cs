using System.Globalization;
using System.Reflection;

namespace Realtime.Server.EventStore.Schema;

/// <summary>One step of a database schema, embedded as <c>Schema/{database}/{version}_{name}.sql</c>. Applied once, never edited afterwards.</summary>
/// <param name="Version">1, 2, 3 …</param>
/// <param name="Name">What it brings.</param>
/// <param name="Sql">The statements.</param>
internal sealed record SchemaScript(int Version, string Name, string Sql)
{
    /// <summary>All steps of a database, in order.</summary>
    /// <param name="database">The folder, <c>Postgres</c> or <c>Sqlite</c>.</param>
    public static IReadOnlyList<SchemaScript> LoadAll(string database)
    {
        var assembly = typeof(SchemaScript).Assembly;
        string folder = $"Schema/{database}/";
        return [.. assembly.GetManifestResourceNames()
            .Select(name => name.Replace('\\', '/'))
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => Load(assembly, name, name[folder.Length..^".sql".Length]))];
    }

    private static SchemaScript Load(Assembly assembly, string resource, string title)
    {
        int separator = title.IndexOf('_', StringComparison.Ordinal);
        using var stream = assembly.GetManifestResourceStream(resource) ?? assembly.GetManifestResourceStream(resource.Replace('/', '\\'))!;
        using var reader = new StreamReader(stream);
        return new SchemaScript(int.Parse(title.AsSpan(0, separator), NumberStyles.None, CultureInfo.InvariantCulture), title[(separator + 1)..], reader.ReadToEnd());
    }
}

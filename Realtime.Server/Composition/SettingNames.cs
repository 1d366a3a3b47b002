using System.Collections;
using System.ComponentModel;

namespace Realtime.Server;

/// <summary>
/// Finds settings that nothing reads, with the name they were probably meant to have, and values that cannot be read. A setting that
/// is ignored without a word is worse than a server that does not start. Never repeats a value of text: it may be a secret.
/// </summary>
internal static class SettingNames
{
    /// <param name="section">What was configured.</param>
    /// <param name="options">The class whose public properties are the settings.</param>
    /// <param name="unreadable">Relative keys of the values that cannot be read.</param>
    internal static List<string> Faults(IConfigurationSection section, Type options, out IReadOnlySet<string> unreadable)
    {
        var (faults, keys) = (new List<string>(), new HashSet<string>(StringComparer.OrdinalIgnoreCase));
        Visit(section, options, string.Empty);
        unreadable = keys;
        return faults;

        void Visit(IConfigurationSection parent, Type type, string prefix)
        {
            var settings = type.GetProperties().ToDictionary(p => p.Name, p => p.PropertyType, StringComparer.OrdinalIgnoreCase);
            foreach (var given in parent.GetChildren())
            {
                if (!settings.TryGetValue(given.Key, out var setting))
                {
                    faults.Add($"{given.Path} is no setting{Suggestion(given.Key, settings.Keys) switch { { } name => $"; did you mean {parent.Path}:{name}?", null => "." }}");
                    continue;
                }

                var scalar = Nullable.GetUnderlyingType(setting) ?? setting;
                if (scalar == typeof(string) || scalar.IsValueType)
                {
                    if (given.Value is not { Length: > 0 } value || scalar == typeof(string) || CanRead(scalar, value)) continue;
                    faults.Add($"{given.Path} is '{value}'; it must be {Words(scalar)}.");
                    keys.Add(prefix + given.Key);
                }
                else if (typeof(IEnumerable).IsAssignableFrom(setting))
                {
                    if (!string.IsNullOrEmpty(given.Value)) faults.Add($"{given.Path} is a list: its first value belongs into {given.Path}:0.");
                }
                else
                {
                    Visit(given, setting, $"{prefix}{given.Key}:");
                }
            }
        }
    }

    private static bool CanRead(Type type, string value)
    {
        try
        {
            TypeDescriptor.GetConverter(type).ConvertFromInvariantString(value);
            return true;
        }
        catch (Exception fault) when (fault is FormatException or ArgumentException or NotSupportedException or OverflowException)
        {
            return false;
        }
    }

    private static string Words(Type type) =>
        type == typeof(TimeSpan) ? "a time such as 00:00:05 (5 seconds) or 30.00:00:00 (30 days)"
        : type == typeof(bool) ? "true or false"
        : type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}"
        : "a number in its range";

    /// <summary>The name that the fewest letters are away, unless nearly all are.</summary>
    private static string? Suggestion(string given, IEnumerable<string> names) => names
        .Select(name => (Name: name, Distance: Distance(given.ToUpperInvariant(), name.ToUpperInvariant())))
        .Where(candidate => candidate.Distance <= Math.Max(2, candidate.Name.Length / 3))
        .OrderBy(candidate => candidate.Distance).ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
        .Select(candidate => candidate.Name).FirstOrDefault();

    /// <summary>How many letters have to be added, dropped or changed (Levenshtein).</summary>
    private static int Distance(string a, string b)
    {
        int[] before = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int[] now = new int[b.Length + 1];
            now[0] = i;
            for (int j = 1; j <= b.Length; j++)
                now[j] = Math.Min(Math.Min(now[j - 1], before[j]) + 1, before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            before = now;
        }

        return before[^1];
    }
}

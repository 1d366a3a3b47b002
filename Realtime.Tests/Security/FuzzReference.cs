using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Realtime.Tests.Security;

/// <summary>The contract read a second time, as plainly as possible and with nothing of the product's code.</summary>
static partial class FuzzReference
{
    const long MaxSequence = 9_007_199_254_740_991;

    internal static bool IsPosition(string text) => PositionForm().Match(text) is { Success: true } match && decimal.Parse(match.Groups["n"].ValueSpan) <= MaxSequence;

    /// <summary>
    /// RFC 3339, section 5.6, in microseconds since the year 1; <see langword="null"/> for what is none. Two times that RFC 3339 has
    /// are not taken, as no clock of ours has them: leap seconds and the year 0.
    /// </summary>
    internal static long? Micros(string text)
    {
        var match = TimeForm().Match(text);
        if (!match.Success) return null;
        int Part(string name) => match.Groups[name].Success && match.Groups[name].Length > 0 ? int.Parse(match.Groups[name].ValueSpan) : 0;
        int year = Part("y"), month = Part("mo"), day = Part("d"), offsetHours = Part("oh"), offsetMinutes = Part("om");
        bool isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        int[] days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > days[month - 1]) return null;
        if (Part("h") > 23 || Part("mi") > 59 || Part("s") > 59 || offsetHours > 23 || offsetMinutes > 59) return null;

        long y = year - 1, wholeDays = y * 365 + y / 4 - y / 100 + y / 400 + days.Take(month - 1).Sum() + day - 1;
        long seconds = ((wholeDays * 24 + Part("h")) * 60 + Part("mi")) * 60 + Part("s");
        int offset = (offsetHours * 60 + offsetMinutes) * 60;
        seconds += match.Groups["sign"].Value == "-" ? offset : -offset;
        long micros = seconds * 1_000_000 + int.Parse((match.Groups["f"].Value + "000000")[..6]);
        return micros is < 0 or >= 315_537_897_600_000_000 ? null : micros;
    }

    /// <summary>Whether a whole JSON text is an envelope; <see langword="null"/> where the contract leaves it open.</summary>
    internal static bool? IsEnvelope(byte[] json)
    {
        if (!TryParse(json, out var document)) return false;
        using (document)
        {
            if (document!.RootElement.ValueKind != JsonValueKind.Object) return false;
            var found = new HashSet<string>(StringComparer.Ordinal);
            bool isType = false;
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (TextOf(() => member.Name) is not { } name) return null; // half of a surrogate pair names nothing, and harms nobody
                found.Add(name);
                string? text = member.Value.ValueKind == JsonValueKind.String ? TextOf(() => member.Value.GetString()!) : null;
                if (name == "type") isType = text is not null;
                bool isGood = name switch
                {
                    "type" => text is not null || member.Value.ValueKind == JsonValueKind.Null,
                    "id" => text is not null && IdForm().IsMatch(text),
                    "position" => text is not null && IsPosition(text),
                    "time" => text is not null && Micros(text) is not null,
                    _ => true,
                };
                if (!isGood) return false;
            }

            return isType && found.IsSupersetOf(["type", "id", "position", "time"]);
        }
    }

    /// <summary>Whether it is one JSON value, at most 64 deep, as every reader of ours takes it.</summary>
    internal static bool IsJson(byte[] json)
    {
        if (!TryParse(json, out var document)) return false;
        document!.Dispose();
        return true;
    }

    static bool TryParse(byte[] json, out JsonDocument? document)
    {
        try
        {
            document = JsonDocument.Parse(json);
            return true;
        }
        catch (JsonException)
        {
            document = null;
            return false;
        }
    }

    /// <summary>What cannot be read as text, half of a surrogate pair or bytes that are no UTF-8, is none.</summary>
    static string? TextOf(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    [GeneratedRegex("\\A[a-z0-9]{1,16}\\.(?<n>0|[1-9][0-9]{0,15})\\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex PositionForm();

    [GeneratedRegex("\\A(?<y>[0-9]{4})-(?<mo>[0-9]{2})-(?<d>[0-9]{2})[Tt](?<h>[0-9]{2}):(?<mi>[0-9]{2}):(?<s>[0-9]{2})(\\.(?<f>[0-9]+))?([Zz]|(?<sign>[+-])(?<oh>[0-9]{2}):(?<om>[0-9]{2}))\\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex TimeForm();

    [GeneratedRegex("\\A[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex IdForm();
}

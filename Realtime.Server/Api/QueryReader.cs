using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Realtime.Contracts;

namespace Realtime.Server.Api;

/// <summary>Reads query parameters strictly; the first fault is kept and names its parameter. Compiled into Realtime.Client.Testing too.</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    internal const int DefaultLimit = 500;
    internal const int MaxLimit = 1000;

    /// <summary>Which parameter, and what it must be.</summary>
    public (string Name, string Problem)? Fault { get; private set; }

    public bool Has(string name) => query.ContainsKey(name);

    public StreamPosition? Position(string name)
    {
        if (!TryGet(name, out string? text)) return null;
        if (StreamPosition.TryParse(text, out var position)) return position;
        Fail(name, "must be a position such as k3f9.42");
        return null;
    }

    public DateTimeOffset? Time(string name)
    {
        if (!TryGet(name, out string? text)) return null;
        if (EventTime.TryParse(text, out var time)) return time;
        Fail(name, text.Contains(' ')
            ? "must be an RFC 3339 time with an offset; a + in a URL is written %2B"
            : "must be an RFC 3339 time with an offset, such as 2026-11-23T03:27:00.123456Z");
        return null;
    }

    public int Limit(int defaultLimit = DefaultLimit)
    {
        if (!TryGet("limit", out string? text)) return defaultLimit;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= MaxLimit) return limit;
        Fail("limit", $"must be a number from 1 to {MaxLimit}");
        return defaultLimit;
    }

    public long? Number(string name)
    {
        if (!TryGet(name, out string? text)) return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)) return number;
        Fail(name, "must be a number");
        return null;
    }

    public bool Flag(string name, bool otherwise)
    {
        if (!TryGet(name, out string? text)) return otherwise;
        if (text is "true" or "false") return text == "true";
        Fail(name, "must be true or false");
        return otherwise;
    }

    public string? Text(string name) => TryGet(name, out string? text) ? text : null;

    public void Fail(string name, string problem) => Fault ??= (name, problem);

    private bool TryGet(string name, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (!query.TryGetValue(name, out var values)) return false;
        if (values.Count != 1)
        {
            Fail(name, "must be given once");
            return false;
        }

        text = values[0] ?? string.Empty;
        return true;
    }
}

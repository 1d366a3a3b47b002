using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Realtime.Contracts;

namespace Realtime.Client.Testing.Api;

/// <summary>Reads query parameters strictly; the first fault is kept and names its parameter.</summary>
internal sealed class Query(IQueryCollection values)
{
    private const int MaxLimit = 1000;

    public TestProblem? Fault { get; private set; }

    public bool Has(string name) => values.ContainsKey(name);

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
        Fail(name, "must be an RFC 3339 time with an offset, such as 2026-11-23T03:27:00.123456Z");
        return null;
    }

    public int Limit(int otherwise)
    {
        if (!TryGet("limit", out string? text)) return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= MaxLimit) return limit;
        Fail("limit", $"must be a number from 1 to {MaxLimit}");
        return otherwise;
    }

    public void Fail(string name, string problem) => Fault ??= TestProblem.Invalid(name, problem);

    private bool TryGet(string name, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (!values.TryGetValue(name, out var all)) return false;
        if (all.Count != 1)
        {
            Fail(name, "must be given once");
            return false;
        }

        text = all[0] ?? string.Empty;
        return true;
    }
}

using System.Text.Json;

namespace Realtime.Chaos.Clients;

/// <summary>What a client process suffers now. Written by the run, read by the process every tenth of a second.</summary>
sealed record ClientControl
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <value>How far the process' clock is off.</value>
    public long ClockOffsetMs { get; init; }

    /// <value><c>good</c>, <c>expired</c> (the provider gives tokens that have expired) or <c>none</c> (it fails).</value>
    public string Tokens { get; init; } = "good";

    /// <value>Whether handlers hang before their effect, which must keep their event's cursor from being saved.</value>
    public bool HoldHandlers { get; init; }

    /// <value>Whether saving a cursor hangs, which opens the gap between handler and cursor.</value>
    public bool HoldSaves { get; init; }

    /// <summary>As a whole or not at all: the reader may come at any time.</summary>
    internal void WriteTo(string path)
    {
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(this, Json));
        File.Move(path + ".new", path, overwrite: true);
    }

    internal static ClientControl ReadFrom(string path) =>
        JsonSerializer.Deserialize<ClientControl>(File.ReadAllText(path), Json) ?? throw new InvalidDataException($"{path} holds null.");
}

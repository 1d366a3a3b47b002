using System.Text.Json;

namespace Realtime.Chaos.Clients;

/// <summary>What a client process is told, in a file: who it reads for, and where it writes. The JavaScript client reads the same.</summary>
sealed record ClientSettings
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <value>Base URL of the cluster, a balancer that may behave badly.</value>
    public required string ServerUrl { get; init; }

    public required IReadOnlyList<string> Users { get; init; }

    /// <value>Records are appended here.</value>
    public required string RecordFile { get; init; }

    /// <value>Folder of the cursors, one file a user.</value>
    public required string CursorFolder { get; init; }

    /// <value>What the process is to suffer: a <see cref="ClientControl"/>, read again and again.</value>
    public required string ControlFile { get; init; }

    /// <value>Signs tokens, base64.</value>
    public required string Secret { get; init; }

    public required double TokenSeconds { get; init; }

    internal void WriteTo(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Json));

    internal static ClientSettings ReadFrom(string path) =>
        JsonSerializer.Deserialize<ClientSettings>(File.ReadAllText(path), Json) ?? throw new InvalidDataException($"{path} holds null.");
}

using System.Text.Json.Nodes;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Description;

/// <summary>The OpenAPI document, as far as tests need to read one.</summary>
sealed class ApiDocument(JsonNode root)
{
    internal static readonly string Source = Path.Combine(RepositoryPaths.Root, "Realtime.Server", "Description", "openapi.json");

    internal static ApiDocument Written() => new(JsonNode.Parse(File.ReadAllText(Source))!);

    internal static async Task<ApiDocument> OfAsync(HttpClient http) =>
        new(JsonNode.Parse(await http.GetStringAsync("/openapi/v1.json").WithinDeadline())!);

    internal JsonObject Paths => root["paths"]!.AsObject();

    internal JsonObject Schemas => root["components"]!["schemas"]!.AsObject();

    internal IEnumerable<(string Path, string Method, JsonObject Operation)> Operations =>
        Paths.SelectMany(path => path.Value!.AsObject().Select(operation => (path.Key, operation.Key.ToUpperInvariant(), operation.Value!.AsObject())));

    /// <summary>Every text after a <c>$ref</c>, wherever it stands.</summary>
    internal IEnumerable<string> References => Inside(root).OfType<JsonObject>().Select(o => o["$ref"]).OfType<JsonNode>().Select(r => r.GetValue<string>());

    internal JsonObject? Find(string method, string path) => Paths[path]?[method.ToLowerInvariant()]?.AsObject();

    /// <summary>The operation that a request with this path belongs to; one without parameters comes first.</summary>
    internal JsonObject? Match(string method, string path) => Operations
        .Where(o => o.Method == method && Matches(o.Path.Split('/'), path.Split('/')))
        .OrderBy(o => o.Path.Contains('{', StringComparison.Ordinal))
        .Select(o => o.Operation).FirstOrDefault();

    /// <summary>Follows a reference, if it is one.</summary>
    internal JsonNode Resolve(JsonNode node)
    {
        while (node is JsonObject item && item["$ref"] is { } reference) node = At(reference.GetValue<string>()) ?? throw new AssertionException($"{reference} leads nowhere.");
        return node;
    }

    internal JsonNode? At(string reference) => reference.Split('/').Skip(1).Aggregate((JsonNode?)root, (node, name) => node?[name]);

    internal JsonObject Answers(JsonObject operation) => operation["responses"]!.AsObject();

    /// <summary>Each body that the document shows, with what it is said to be.</summary>
    internal IEnumerable<(string Where, JsonNode? Schema, string MediaType, JsonNode? Value)> Examples()
    {
        foreach (var (path, method, operation) in Operations)
        {
            IEnumerable<(string Name, JsonNode Holder)> holders = Answers(operation).Select(a => (a.Key, Resolve(a.Value!)));
            if (operation["requestBody"] is { } body) holders = holders.Append(("body", Resolve(body)));
            foreach (var (name, holder) in holders)
            {
                foreach (var (mediaType, content) in holder["content"]?.AsObject() ?? [])
                {
                    foreach (var (example, value) in content!["examples"]?.AsObject() ?? [])
                        yield return ($"{method} {path} {name} {example}", content["schema"], mediaType, value!["value"]);
                }
            }
        }
    }

    static bool Matches(string[] pattern, string[] path) =>
        pattern.Length == path.Length && pattern.Zip(path).All(p => p.First.StartsWith('{') || p.First == p.Second);

    static IEnumerable<JsonNode> Inside(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(m => Inside(m.Value)).Prepend(members),
        JsonArray items => items.SelectMany(Inside),
        _ => [],
    };
}

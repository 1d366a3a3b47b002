using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Realtime.Tests.Description;

/// <summary>Whether a JSON value is what a schema of our document says: the few keywords that the document uses.</summary>
sealed class SchemaCheck(ApiDocument document)
{
    /// <summary>What is wrong, each with its place; nothing when it fits.</summary>
    internal IEnumerable<string> Faults(JsonNode? value, JsonNode schema, string place = "$")
    {
        var rules = document.Resolve(schema).AsObject();
        foreach (var part in rules["allOf"]?.AsArray() ?? [])
        {
            foreach (string fault in Faults(value, part!, place)) yield return fault;
        }

        if (rules["oneOf"] is JsonArray choices && choices.Count(choice => !Faults(value, choice!, place).Any()) != 1)
            yield return $"{place} is not exactly one of {choices.Count} things";
        if (rules["type"] is { } type && !Types(type).Contains(TypeOf(value)) && !(TypeOf(value) == "integer" && Types(type).Contains("number")))
        {
            yield return $"{place} is {TypeOf(value)} and not {type.ToJsonString()}";
            yield break;
        }

        if (rules["enum"] is JsonArray words && !words.Any(word => JsonNode.DeepEquals(word, value))) yield return $"{place} is {value?.ToJsonString()}";
        if (rules["pattern"] is { } pattern && !Regex.IsMatch(value!.GetValue<string>(), pattern.GetValue<string>(), RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)))
            yield return $"{place} is '{value}'";
        foreach (string fault in value switch
        {
            JsonObject members => OfMembers(members, rules, place),
            JsonArray items when rules["items"] is { } each => items.SelectMany((item, i) => Faults(item, each, $"{place}[{i}]")),
            _ => [],
        }) yield return fault;
    }

    IEnumerable<string> OfMembers(JsonObject members, JsonObject rules, string place)
    {
        foreach (var name in rules["required"]?.AsArray() ?? [])
        {
            if (!members.ContainsKey(name!.GetValue<string>())) yield return $"{place}.{name} is missing";
        }

        foreach (var (name, value) in members)
        {
            var schema = rules["properties"]?[name] ?? (rules["additionalProperties"] as JsonObject);
            if (schema is null && rules["properties"] is not null) yield return $"{place}.{name} is not described";
            else if (schema is not null)
            {
                foreach (string fault in Faults(value, schema, $"{place}.{name}")) yield return fault;
            }
        }
    }

    static IEnumerable<string> Types(JsonNode type) => type is JsonArray several ? several.Select(t => t!.GetValue<string>()) : [type.GetValue<string>()];

    static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => decimal.IsInteger(value.AsValue().Deserialize<decimal>()) ? "integer" : "number",
        _ => "boolean",
    };
}

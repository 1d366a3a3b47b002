using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Tests.Support;

namespace Realtime.Tests.Description;

/// <summary>The OpenAPI document says what the server does: the same endpoints, the same types, examples that our own readers take.</summary>
public sealed class ApiDescriptionTests
{
    /// <summary>Described by the contract; mapped where and when it says so.</summary>
    static readonly string[] NotOnEveryServer = [Routes.EventStream, "/metrics", "/dev/faults"];

    /// <summary>A member of the envelope that the contract foresees; a server need not have it.</summary>
    static readonly string[] Tracing = ["traceparent"];

    static readonly ApiDocument Document = ApiDocument.Written();

    [Test]
    [Category("Integration")]
    public async Task Every_mapped_endpoint_is_described_with_its_success_and_its_errors()
    {
        await using var host = await RealtimeHost.StartAsync(environment: "Development", trustTokens: false);
        var endpoints = host.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is null).ToList();

        endpoints.Should().HaveCountGreaterThan(15);
        foreach (var endpoint in endpoints)
        {
            string path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/');
            var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Where(m => m != "OPTIONS").ToList();
            var operations = methods is { Count: > 0 }
                ? methods.ConvertAll(method => Document.Find(method, path))
                : [.. Document.Operations.Where(o => o.Path == path).Select(o => o.Operation)];
            operations.Should().NotBeEmpty("{0} is mapped", path).And.NotContainNulls("{0} is mapped", endpoint.DisplayName);

            var said = endpoint.Metadata.GetOrderedMetadata<IProducesResponseTypeMetadata>().Select(a => a.StatusCode.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToList();
            string? body = endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType?.Name;
            foreach (var operation in operations)
            {
                var described = Document.Answers(operation!).Select(a => a.Key).ToList();
                said.Except(described).Should().BeEmpty("{0} says so itself", endpoint.DisplayName);
                described.Should().Contain(s => s.StartsWith('2') || s == "101");
                if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null) described.Should().Contain(["400", "401", "403", "429", "503"], "{0} asks for a token", endpoint.DisplayName);
                if (body is not null) operation!["requestBody"]!.ToJsonString().Should().Contain($"#/components/schemas/{body}\"");
            }
        }

        Document.Paths.Select(p => p.Key).Except(endpoints.Select(e => "/" + e.RoutePattern.RawText!.TrimStart('/'))).Should().BeSubsetOf(NotOnEveryServer);
    }

    [Test]
    [Category("Integration")]
    public async Task What_exists_in_development_only_is_described_there_only()
    {
        await using var host = await RealtimeHost.StartAsync();
        using var http = host.ClientWith(token: null);

        var served = await ApiDocument.OfAsync(http);

        served.Paths.Select(p => p.Key).Should().Equal(Document.Paths.Select(p => p.Key).Where(p => !p.StartsWith("/dev/", StringComparison.Ordinal)));
    }

    [Test]
    public void Every_operation_has_a_name_a_summary_and_parameters_with_a_format()
    {
        Document.Operations.Select(o => o.Operation["operationId"]!.GetValue<string>()).Should().OnlyHaveUniqueItems();
        foreach (var (path, method, operation) in Document.Operations)
        {
            operation["summary"]!.GetValue<string>().Should().NotBeEmpty("{0} {1}", method, path);
            operation["tags"]!.AsArray().Should().HaveCount(1, "{0} {1}", method, path);
            operation.ContainsKey("security").Should().BeTrue("{0} {1} says who may", method, path);
            var names = (operation["parameters"]?.AsArray() ?? []).Select(p => Document.Resolve(p!)).ToList();
            names.Where(p => p["schema"] is null || p["description"] is null).Should().BeEmpty("{0} {1}", method, path);
            foreach (string placeholder in path.Split('/').Where(part => part.StartsWith('{')))
                names.Should().Contain(p => p["in"]!.GetValue<string>() == "path" && p["name"]!.GetValue<string>() == placeholder.Trim('{', '}'));
        }
    }

    [Test]
    public void Every_reference_leads_somewhere() => Document.References.Distinct().Where(reference => Document.At(reference) is null).Should().BeEmpty();

    [TestCaseSource(nameof(Types))]
    public void Every_schema_has_the_members_of_its_type(JsonTypeInfo type)
    {
        var schema = Document.Schemas[type.Type.Name]!;

        schema["properties"]!.AsObject().Select(p => p.Key).Except(Tracing).Should().BeEquivalentTo(type.Properties.Select(p => p.Name).Except(Tracing));
        schema["required"]!.AsArray().Select(r => r!.GetValue<string>()).Should().BeEquivalentTo(type.Properties.Where(IsAlwaysThere).Select(p => p.Name));
    }

    [Test]
    public void Every_example_is_what_its_schema_says_and_our_own_readers_take_it()
    {
        var check = new SchemaCheck(Document);
        var readable = Types().ToDictionary(t => t.Type.Name, StringComparer.Ordinal);
        int read = 0;
        foreach (var (where, schema, mediaType, value) in Document.Examples())
        {
            if (mediaType is not ("application/json" or "application/problem+json")) continue;
            check.Faults(value, schema!).Should().BeEmpty(where);
            foreach (var item in value is JsonArray several ? several.ToArray() : [value])
            {
                string? name = NamesIn(schema!).FirstOrDefault(n => readable.ContainsKey(n) && !check.Faults(item, Document.Schemas[n]!).Any());
                if (name is null) continue;
                object? taken = JsonSerializer.Deserialize(item!.ToJsonString(), readable[name]);
                read++;
                var events = taken switch { EventPage page => page.Events, ActivityPage feed => feed.Events, _ => [] };
                events.Select(EventTypes.CreateDefault().Read).Should().NotContain(e => e.GetType() == typeof(AgentEvent), "{0} has data of its type", where);
            }
        }

        read.Should().BeGreaterThan(20);
    }

    [Test]
    public void Every_type_of_problem_is_shown_where_it_can_happen()
    {
        var all = typeof(ProblemTypes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!);

        Document.Examples().Where(e => e.MediaType == "application/problem+json").Select(e => e.Value!["type"]!.GetValue<string>()).Distinct().Should().BeEquivalentTo(all);
    }

    static IEnumerable<JsonTypeInfo> Types() => Document.Schemas.Select(s => s.Key)
        .Select(name => typeof(AgentEventEnvelope).Assembly.GetTypes().SingleOrDefault(t => t.Name == name && t.IsClass))
        .Where(type => type is not null).Select(type => RealtimeJsonContext.Default.GetTypeInfo(type!)).OfType<JsonTypeInfo>();

    /// <summary>What must be sent, and what is always answered: the envelope's data is never absent though nothing demands it.</summary>
    static bool IsAlwaysThere(JsonPropertyInfo member) => member.IsRequired || member.PropertyType == typeof(EventData);

    static IEnumerable<string> NamesIn(JsonNode schema) => schema switch
    {
        JsonObject o when o["$ref"] is { } reference => [reference.GetValue<string>().Split('/')[^1]],
        JsonObject o => (o["oneOf"]?.AsArray() ?? []).SelectMany(s => NamesIn(s!)).Concat(o["items"] is { } items ? NamesIn(items) : []),
        _ => [],
    };
}

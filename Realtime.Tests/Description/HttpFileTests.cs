using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Description;

/// <summary>Realtime.http is run from top to bottom, and what a real server answers is what the OpenAPI document says.</summary>
[Category("Integration")]
public sealed class HttpFileTests
{
    const string Json = "application/json";
    const string Problem = "application/problem+json";

    [Test]
    public async Task Every_call_of_the_http_file_is_answered_as_the_file_and_the_document_say()
    {
        await using var host = await RealtimeHost.StartAsync(environment: "Development", trustTokens: false);
        using var http = host.ClientWith(token: null);
        var document = await ApiDocument.OfAsync(http);
        var check = new SchemaCheck(document);
        var calls = HttpFile.Read(Path.Combine(RepositoryPaths.Root, "Realtime.Server", "Realtime.http"), out var values);
        values["server"].Should().Be("http://localhost:5080", "that is where a server in Development listens");
        values["server"] = host.Address.GetLeftPart(UriPartial.Authority);
        var mapped = host.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().Select(e => "/" + e.RoutePattern.RawText!.TrimStart('/')).ToHashSet(StringComparer.Ordinal);
        var called = new HashSet<JsonObject>();

        foreach (var call in calls)
        {
            using var request = Request(call, values);
            string path = request.RequestUri!.AbsolutePath;
            var operation = document.Match(call.Method, path);
            if (operation is not null) called.Add(operation);
            if (!IsMapped(mapped, path)) continue; // described by the contract, but not on this server

            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WithinDeadline();
            ((int)answer.StatusCode).Should().Be(call.Status, "that is what the file says of: {0}", call.Title);
            if (path == "/openapi/v1.json") continue;
            await ConformAsync(call, operation!, answer, document, check, values);
        }

        document.Operations.Where(o => !called.Contains(o.Operation)).Select(o => $"{o.Method} {o.Path}").Should().BeEmpty("the file has every call");
    }

    static HttpRequestMessage Request(HttpFile.Call call, Dictionary<string, string> values)
    {
        var request = new HttpRequestMessage(new HttpMethod(call.Method), HttpFile.Fill(call.Url, values));
        if (call.Body.Length > 0) request.Content = new StringContent(HttpFile.Fill(call.Body, values), MediaTypeHeaderValue.Parse(Json));
        foreach (var (name, value) in call.Headers.Where(h => h.Name != "Content-Type")) request.Headers.TryAddWithoutValidation(name, HttpFile.Fill(value, values)).Should().BeTrue();
        return request;
    }

    static async Task ConformAsync(HttpFile.Call call, JsonObject operation, HttpResponseMessage answer, ApiDocument document, SchemaCheck check, Dictionary<string, string> values)
    {
        var described = document.Answers(operation)[((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture)];
        described.Should().NotBeNull("{0} is answered {1}", call.Title, answer.StatusCode);
        var content = document.Resolve(described!)["content"]?.AsObject();
        string? mediaType = answer.Content.Headers.ContentType?.MediaType;
        if (operation["operationId"]!.GetValue<string>() == "Connect") return; // "a hub wants a WebSocket" is SignalR's own answer
        (content?.Select(c => c.Key) ?? []).Should().BeEquivalentTo(mediaType is null ? [] : [mediaType], "{0}", call.Title);
        if (mediaType is not (Json or Problem)) return;

        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync().WithinDeadline());
        check.Faults(body, content![mediaType]!["schema"]!).Should().BeEmpty("{0}", call.Title);
        if (call.Name.Length == 0) return;
        foreach (var (member, value) in body!.AsObject()) values[$"{call.Name}.response.body.$.{member}"] = value is JsonValue ? value.ToString() : string.Empty;
    }

    static bool IsMapped(HashSet<string> mapped, string path) => mapped.Any(pattern =>
        pattern.Split('/') is var parts && path.Split('/') is var asked && parts.Length == asked.Length && parts.Zip(asked).All(p => p.First.StartsWith('{') || p.First == p.Second));
}

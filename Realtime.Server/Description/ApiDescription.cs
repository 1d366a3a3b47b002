using System.Net.Mime;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Net.Http.Headers;
using Realtime.Server.Api;

namespace Realtime.Server.Description;

/// <summary>
/// <c>/openapi/v1.json</c>. Written by hand (<c>openapi.json</c>) and not generated: our endpoints read requests themselves and a hub has no
/// metadata, so a generator would see neither parameters nor bodies. Tests compare it with what is mapped, with our types, and with real answers.
/// </summary>
internal static class ApiDescription
{
    /// <summary>Where it is served.</summary>
    internal const string Path = "/openapi/v1.json";

    private const string Resource = "Description/openapi.json";
    private const string DevelopmentOnly = "/dev/";
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Maps it, without what exists in the Development environment only anywhere else.</summary>
    internal static void MapApiDescription(this IEndpointRouteBuilder routes)
    {
        byte[] document = Read(routes.ServiceProvider.GetRequiredService<IHostEnvironment>().IsDevelopment());
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(document).AsSpan(0, 12))}\"");
        routes.MapMethods(Path, Reading, (HttpResponse response) =>
        {
            response.Headers.CacheControl = "no-cache";
            response.Headers.XContentTypeOptions = "nosniff";
            return Results.Bytes(document, MediaTypeNames.Application.Json, entityTag: tag);
        }).AllowAnonymous().ExcludeFromDescription();
    }

    private static byte[] Read(bool isDevelopment)
    {
        using var resource = typeof(ApiDescription).Assembly.GetManifestResourceStream(Resource)!;
        var document = JsonNode.Parse(resource)!;
        if (!isDevelopment)
        {
            var paths = document["paths"]!.AsObject();
            foreach (string path in paths.Select(p => p.Key).Where(p => p.StartsWith(DevelopmentOnly, StringComparison.Ordinal)).ToList()) paths.Remove(path);
        }

        return JsonSerializer.SerializeToUtf8Bytes(document, Indented);
    }
}

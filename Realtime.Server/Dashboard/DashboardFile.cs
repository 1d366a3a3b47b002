using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Realtime.Server.Dashboard;

/// <summary>
/// One file of the built page. The files are resources of this assembly, so the page is there wherever the assembly is:
/// after a publish, in a package, and inside a host whose web root is its own.
/// </summary>
internal sealed record DashboardFile(string Path, byte[] Content, string ContentType, EntityTagHeaderValue Tag)
{
    /// <summary>What <c>Dashboard.targets</c> puts before the path.</summary>
    private const string ResourcePrefix = "Dashboard/";

    /// <summary>The files of the page by their path; none when it was not built.</summary>
    internal static IReadOnlyList<DashboardFile> ReadAll()
    {
        var assembly = typeof(DashboardFile).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Select(name => Read(name[ResourcePrefix.Length..], assembly.GetManifestResourceStream(name)!))];
    }

    private static DashboardFile Read(string path, Stream resource)
    {
        using (resource)
        {
            var content = new byte[resource.Length];
            resource.ReadExactly(content);
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\"");
            return new DashboardFile(path, content, ContentTypeOf(path), tag);
        }
    }

    private static string ContentTypeOf(string path) => System.IO.Path.GetExtension(path) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".woff2" => "font/woff2",
        ".txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
}

using System.Security.Cryptography;
using System.Text;
using Realtime.Server.Api;

namespace Realtime.Server.Dashboard;

/// <summary>What <c>/</c> shows when the server was built without Node: the server works, and this is how to get its page.</summary>
internal static class MissingDashboardPage
{
    private const string Style = """
        :root { color-scheme: light dark; }
        body { max-width: 36rem; margin: 12vh auto; padding: 0 1.25rem; font: 1rem/1.6 system-ui, sans-serif; }
        code { padding: .1em .4em; border-radius: .3em; background: color-mix(in srgb, currentColor 10%, transparent); }
        """;

    private const string Html = $$"""
        <!doctype html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <title>Realtime</title>
          <style>{{Style}}</style>
        </head>
        <body data-testid="dashboard-missing">
          <h1>Realtime is running</h1>
          <p>Only its dashboard is missing: this server was built on a machine without Node.js, or the build of the page failed.</p>
          <ol>
            <li>Install <a href="https://nodejs.org">Node.js</a> 20.19 or later, with npm.</li>
            <li>Stop the server and start it again: <code>dotnet run --project Realtime.Server</code></li>
          </ol>
          <p>If this page stays, <code>dotnet build Realtime.Server</code> says why. Hub and REST work without the dashboard.</p>
        </body>
        </html>
        """;

    /// <summary>The one style is named by its hash: nothing else in the markup counts.</summary>
    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    internal static IResult Respond(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        SecurityHeaders.OfPage(response, Policy);
        return Results.Text(Html, "text/html; charset=utf-8");
    }
}

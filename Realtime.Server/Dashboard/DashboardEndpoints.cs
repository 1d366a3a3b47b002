using Realtime.Server.Api;

namespace Realtime.Server.Dashboard;

/// <summary>Serves the dashboard at <c>/</c>, or a page that says how to get it.</summary>
internal static class DashboardEndpoints
{
    private const string Index = "index.html";


    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the page at the root of <paramref name="app"/>; it also works below a path base.</summary>
    /// <param name="app">Where to map.</param>
    internal static IEndpointRouteBuilder MapDashboard(this IEndpointRouteBuilder app) => app.MapDashboard(DashboardFile.ReadAll());

    /// <summary>The same with given files; without an index among them, the page says what to install.</summary>
    internal static IEndpointRouteBuilder MapDashboard(this IEndpointRouteBuilder app, IReadOnlyList<DashboardFile> files)
    {
        var index = files.FirstOrDefault(file => file.Path == Index);
        if (index is null)
        {
            Map(app, string.Empty, MissingDashboardPage.Respond);
            return app;
        }

        // The page names its assets by their hash: it is asked for each time, they never change.
        Map(app, string.Empty, response => Send(response, index, "no-cache"));
        foreach (var asset in files.Where(file => file != index))
            Map(app, asset.Path, response => Send(response, asset, "public, max-age=31536000, immutable"));
        return app;
    }

    private static void Map(IEndpointRouteBuilder app, string path, Func<HttpResponse, IResult> respond) =>
        app.MapMethods("/" + path, Reading, (HttpResponse response) => respond(response)).AllowAnonymous().ExcludeFromDescription();

    private static IResult Send(HttpResponse response, DashboardFile file, string caching)
    {
        response.Headers.CacheControl = caching;
        SecurityHeaders.OfPage(response, PagePolicy.For(response.HttpContext.Request.Host));
        return Results.Bytes(file.Content, file.ContentType, entityTag: file.Tag);
    }
}
